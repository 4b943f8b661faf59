import type { Clock, Logger, Random } from '@shoal/common'
import type { Store } from './contract.js'
import type { EtcdConfig } from './etcd/client.js'

export interface EmbeddedConfig {
  readonly kind: 'embedded'
  /** The folder of the store; it is made if it does not exist. */
  readonly directory: string
}

export type StoreConfig = EmbeddedConfig | EtcdConfig

export interface StoreDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Opens the durable store that `config` names. A backend is loaded only when it is used: etcd's client alone
 * takes some 30 MB.
 * @throws ShoalError `failed-precondition` when another process uses the embedded store, `unavailable` when
 *   its folder cannot be used; that etcd cannot be reached shows with the first call
 */
export async function openStore(config: StoreConfig, deps: StoreDeps): Promise<Store> {
  if (config.kind === 'embedded') {
    const { EmbeddedStore } = await import('./embedded.js')
    return EmbeddedStore.open(config.directory)
  }
  const { EtcdStore } = await import('./etcd/etcd-store.js')
  return EtcdStore.open(config, deps)
}
