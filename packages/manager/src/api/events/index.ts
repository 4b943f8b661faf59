/** The cluster's events: what changes of the state mean to users, and who wants to hear of them. */
export { EventStream } from './event-stream.js'
export { EventLog } from './event-log.js'
export type { ClusterEvent } from './event.js'
export { readEventQuery } from './query.js'
