/**
 * The containers of the cluster's tasks, whichever node they are on, as Docker's API shows those of one engine: listed
 * from the state, everything else asked of the node's own engine by way of relay/.
 */
export { readDocument } from './answer.js'
export { isRewritten, rewritten } from './documents.js'
export { lastWords, MULTIPLEXED, RAW } from './frames.js'
export { listContainers } from './list.js'
export { openRelay } from './open-relay.js'
export { targetOf, type Target } from './target.js'
export { hasTerminal } from './terminal.js'
export { serveUpgrade, withoutUpgrade } from './upgrade.js'
