/**
 * From flags to a service's spec, and nothing else: a table of flags (`table.ts`), each with a pure
 * function that edits a draft, and the rules that need several flags (`finish.ts`). What needs the
 * manager's knowledge (IDs of networks, secrets, configs) is put down in the draft and filled in by
 * `resolve.ts`.
 */
export * from './build.js'
export * from './draft.js'
export * from './flag.js'
export * from './resolve.js'
export * from './table.js'
