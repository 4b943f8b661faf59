/**
 * Which manager leads: an election on the store, under a lease. Its neighbours: store/ beneath; main, which
 * runs the loops, the dispatcher and the API's writes only while this manager leads.
 */
export { campaign, type CampaignOptions, type Leadership, type ManagerInfo } from './campaign.js'
export { readManagers, type Managers } from './managers.js'
