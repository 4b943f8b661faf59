/**
 * What survives a restart of the agent. The tasks that are assigned to this host and how far each has come: one file
 * per task, so that a change costs one small write; worker/ alone uses it. The documents of the network: one file for
 * all of them, for they are many and come anew with every session.
 */
export * from './assignment-store.js'
export * from './boot-id.js'
export * from './memory-store.js'
export * from './manager-list.js'
export * from './document-store.js'
export * from './kept-documents.js'
