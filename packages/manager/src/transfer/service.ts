import { toTimestamp } from '@shoal/common'
import { backupLines } from '@shoal/common/backup'
import type { ClusterTransfer, EtcdAccess, StoreInfo } from '../api/options.js'
import type { Store } from '../store/contract.js'
import { checkMove, keptStores, type MoveParts } from './move.js'
import { readCluster } from './read.js'

export interface TransferOptions extends MoveParts {
  /** As it lies on disk. */
  readonly raw: Store
  /** With everything in clear: what a backup holds must be of use without the key that seals it. */
  readonly store: Store
  /** Of this manager. */
  readonly release: string
  /** Why the last move of this process did not take place. */
  readonly moveFailure?: string
  /** Stops this manager, moves the cluster and starts it again. */
  readonly onMove: (access: EtcdAccess) => void
}

/** What the API offers of this folder, for one run of a manager. */
export class TransferService implements ClusterTransfer {
  readonly #options: TransferOptions
  readonly #since: string

  constructor(options: TransferOptions) {
    this.#options = options
    this.#since = toTimestamp(options.clock.now())
  }

  storeInfo(): StoreInfo {
    const { config, moveFailure } = this.#options
    return {
      Kind: config.store.kind,
      Endpoints: config.store.kind === 'etcd' ? config.store.endpoints : [],
      Since: this.#since,
      Kept: keptStores(config),
      ...(moveFailure !== undefined && { MoveFailure: moveFailure }),
    }
  }

  async backup(): Promise<Iterable<string>> {
    const { store, cluster, clock, release } = this.#options
    return backupLines(await readCluster(store, cluster, { nowMs: clock.now(), release }))
  }

  async prepareMove(access: EtcdAccess): Promise<() => void> {
    await checkMove(this.#options, this.#options.raw, access)
    return () => this.#options.onMove(access)
  }
}
