/**
 * Durable storage: one contract, etcd and an embedded store behind it, and the in-memory fake of the tests.
 * Its neighbours are state/ and leader/, which alone write; nobody else sees keys or revisions.
 */
export * from './contract.js'
export { MemoryStore } from './memory.js'
export { openStore, type EmbeddedConfig, type StoreConfig, type StoreDeps } from './open.js'
export { SEAL_KEY_BYTES, SealedStore, type SealOptions } from './sealed.js'
export type { EtcdConfig } from './etcd/client.js'
