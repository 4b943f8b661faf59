/**
 * The cluster in memory: its tables, indexes and feed of changes, loaded from the store, kept up to date by
 * its watch, and written through it. Its neighbours: store/ beneath; api/, the loops and dispatcher/ above.
 */
export * from './records.js'
export * from './state.js'
export * from './view.js'
export * from './keys.js'
export { MAX_UNIT_MUTATIONS, type Fence } from './committer.js'
export { openState, LiveState, type OpenStateOptions } from './open.js'
