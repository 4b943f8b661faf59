/**
 * The daemons of this host: where their files are (`files.ts`), whether they run, starting them in the
 * background and stopping them (`process.ts`), one ctl at a time (`lock.ts`), and the address that this host is
 * reached at (`address.ts`).
 */
export * from './address.js'
export * from './files.js'
export * from './lock.js'
export * from './process.js'
