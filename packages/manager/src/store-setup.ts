import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '@shoal/common'
import type { ManagerSetup } from '@shoal/proto'
import type { ManagerConfig } from './config.js'
import type { Membership } from './membership.js'
import { isConfidential } from './state/index.js'
import { SealedStore, type Store, type StoreConfig } from './store/index.js'

export const NO_OTHER_MANAGER =
  'the embedded store serves one manager: move the cluster to etcd first (ctl swarm move --etcd-endpoint …), where it can have several'

/** The store's configuration, with the files that it names read. @throws the file system's errors */
export function storeConfig({ store, stateDir }: ManagerConfig): StoreConfig {
  if (store.kind === 'embedded') return { kind: 'embedded', directory: join(stateDir, 'manager', 'store') }
  const { endpoints, caFile, certFile, keyFile } = store
  const read = (path: string): string => readFileSync(path, 'utf8')
  return {
    kind: 'etcd',
    endpoints,
    ...(caFile !== undefined && { ca: read(caFile) }),
    ...(certFile !== undefined && { cert: read(certFile) }),
    ...(keyFile !== undefined && { key: read(keyFile) }),
  }
}

/** The store as this manager reads and writes it: what is confidential is sealed beneath. */
export function sealedStore(raw: Store, { sealKey }: Pick<Membership, 'sealKey'>, random: Random): Store {
  return new SealedStore(raw, { key: Buffer.from(sealKey, 'base64'), isConfidential, random })
}

/** What another manager needs to reach the same store; undefined when no other can. */
export function managerSetup(
  config: ManagerConfig,
  { clusterId, sealKey }: Membership,
): ManagerSetup | undefined {
  const store = storeConfig(config)
  if (store.kind === 'embedded') return undefined
  return {
    clusterId,
    etcdEndpoints: [...store.endpoints],
    etcdCa: store.ca ?? '',
    etcdCertificate: store.cert ?? '',
    etcdKey: store.key ?? '',
    sealKey,
  }
}
