/** The cluster's events: what changes of the state mean to users, and who wants to hear of them. */
export { EventLog } from './event-log.js'
export type { ClusterEvent } from './event.js'
export { readEventQuery, type EventQuery } from './query.js'
