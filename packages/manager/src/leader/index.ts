/**
 * Which manager leads: an election on the store, under a lease, term after term. Its neighbours: store/ beneath;
 * the manager, which runs the loops, the dispatcher and the API's writes only in a term of its own.
 */
export { campaign, type CampaignOptions, type Leadership, type ManagerInfo } from './campaign.js'
export { ManagerDirectory, type DirectoryOptions } from './directory.js'
export { probeTcp, untilRefused, type Probe, type ProbeOutcome } from './probe.js'
export { runTerms, type Term, type TermOptions } from './terms.js'
export { readManagers, type Managers } from './managers.js'
