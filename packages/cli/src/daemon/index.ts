/**
 * The daemons of this host: where their files are (`files.ts`), whether they run, starting them in the
 * background and stopping them (`process.ts`), and the address that this host is reached at (`address.ts`).
 */
export * from './address.js'
export * from './files.js'
export * from './process.js'
