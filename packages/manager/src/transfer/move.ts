import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, type Logger, type Random, ShoalError, toTimestamp } from '@shoal/common'
import type { EtcdAccess } from '../api/options.js'
import { type ManagerConfig, writeDurably, writeManagerConfig } from '../config.js'
import { openStore, type Store, type StoreConfig } from '../store/index.js'
import { storeConfig } from '../store-setup.js'
import { checkSizes, fillPrefix, inspectPrefix, refuseInUse } from './fill.js'
import { readCluster } from './read.js'

export interface MoveParts {
  readonly config: ManagerConfig
  readonly cluster: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const KEPT_STORE = 'store-before-etcd-'

/**
 * Looks at everything that could keep a move from succeeding, while the manager still runs.
 * @param store the one that the cluster is in now, as it lies on disk: it is copied as it is, sealed
 * @throws ShoalError `failed-precondition` when the cluster is in etcd already, or etcd holds it in use;
 *   `invalid-argument` for a record that etcd does not take, or certificates that do not fit together; `unavailable`
 */
export async function checkMove(parts: MoveParts, store: Store, access: EtcdAccess): Promise<void> {
  const { config, cluster, clock } = parts
  if (config.store.kind === 'etcd') {
    throw new ShoalError(
      'failed-precondition',
      `the cluster keeps its state in etcd already: ${config.store.endpoints.join(', ')}`,
    )
  }
  checkSizes((await readCluster(store, cluster, { nowMs: clock.now(), release: '' })).records)
  const target = await openStore(etcdConfig(access), parts)
  try {
    refuseInUse(await inspectPrefix(target, cluster), cluster)
  } finally {
    await target.close()
  }
}

/**
 * Copies the cluster from the embedded store to etcd and has the configuration name etcd from then on. No manager may
 * run on the store: it is locked meanwhile. The move has happened when the configuration has been replaced, by one
 * rename; until then nothing has changed for the cluster, and the move can be begun anew.
 * @param configPath of this manager
 * @throws ShoalError as `checkMove`, and the file system's errors: the cluster is then where it was
 */
export async function moveToEtcd(parts: MoveParts, configPath: string, access: EtcdAccess): Promise<void> {
  const { config, cluster, clock, log } = parts
  const source = await openStore(storeConfig(config), parts)
  try {
    const { records } = await readCluster(source, cluster, { nowMs: clock.now(), release: '' })
    if (!records.some(({ key }) => key === 'cluster')) {
      throw new ShoalError(
        'failed-precondition',
        'the embedded store does not hold the cluster of this manager',
      )
    }
    const target = await openStore(etcdConfig(access), parts)
    try {
      await fillPrefix(target, cluster, records, toTimestamp(clock.now()))
    } finally {
      await target.close()
    }
    log.info({ records: records.length, endpoints: access.endpoints }, 'the cluster has been copied to etcd')
    const store = keepAccess(config.stateDir, access)
    // Whoever finds etcd empty later must not take that for an invitation to make another cluster.
    writeManagerConfig(configPath, { ...config, store, initialise: false })
  } finally {
    await source.close()
  }
}

/**
 * For a manager that starts on etcd: the embedded store of before gets a name under which nobody opens it.
 * @param nowMs milliseconds since the epoch
 */
export function setEmbeddedStoreAside({ stateDir, store }: ManagerConfig, nowMs: number): void {
  const path = join(stateDir, 'manager', 'store')
  if (store.kind === 'embedded' || !existsSync(path)) return
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  renameSync(path, join(stateDir, 'manager', `${KEPT_STORE}${stamp}`))
}

/** The folders of embedded stores that were set aside, newest last. */
export function keptStores({ stateDir }: ManagerConfig): string[] {
  const folder = join(stateDir, 'manager')
  const names = readdirSync(folder).filter((name) => name.startsWith(KEPT_STORE))
  return names.sort().map((name) => join(folder, name))
}

function etcdConfig({ endpoints, ca, certificate, key }: EtcdAccess): StoreConfig {
  return {
    kind: 'etcd',
    endpoints,
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
  }
}

/** Writes the certificates beside the configuration. @returns what the configuration says of the store */
function keepAccess(
  stateDir: string,
  { endpoints, ca, certificate, key }: EtcdAccess,
): ManagerConfig['store'] {
  const keep = (name: string, text: string): string => {
    const path = join(stateDir, 'manager', 'etcd', name)
    writeDurably(path, text)
    return path
  }
  return {
    kind: 'etcd',
    endpoints: [...endpoints],
    ...(ca !== undefined && { caFile: keep('ca.pem', ca) }),
    ...(certificate !== undefined && { certFile: keep('cert.pem', certificate) }),
    ...(key !== undefined && { keyFile: keep('key.pem', key) }),
  }
}
