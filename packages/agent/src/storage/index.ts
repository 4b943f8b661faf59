/**
 * What survives a restart of the agent: the tasks that are assigned to this host and how far each has come.
 * One file per task, so that a change costs one small write. worker/ alone uses it.
 */
export * from './assignment-store.js'
export * from './boot-id.js'
export * from './memory-store.js'
export * from './manager-list.js'
