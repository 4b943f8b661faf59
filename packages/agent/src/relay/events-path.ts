import { CLUSTER_ID_LABEL, NODE_ID_LABEL } from '../executor/index.js'
import type { Owner } from './owner.js'

/** Times are Unix seconds, and kinds of events bare words: nothing here has to be encoded. */
const EVENTS =
  /^\/events\?since=(\d{1,12}(?:\.\d{1,9})?)(?:&until=(\d{1,12}(?:\.\d{1,9})?))?((?:&event=[a-z_-]{1,32}){0,32})$/

export function asksForEvents(path: string): boolean {
  return EVENTS.test(path)
}

/** What the engine is asked in its stead: the events of containers of this cluster's tasks on this node, no others. */
export function engineEventsPath(path: string, { nodeId, clusterId }: Owner): string {
  const [, since = '', until, events = ''] = EVENTS.exec(path) ?? []
  const event = events.split('&event=').slice(1)
  const filters = {
    type: ['container'],
    label: [`${CLUSTER_ID_LABEL}=${clusterId}`, `${NODE_ID_LABEL}=${nodeId}`],
    ...(event.length > 0 && { event }),
  }
  const query = { since, ...(until !== undefined && { until }), filters: JSON.stringify(filters) }
  return `/events?${new URLSearchParams(query).toString()}`
}
