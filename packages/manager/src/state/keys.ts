import { KINDS, type Kind, type Records } from './records.js'

/** The table's place of the cluster's one record: its key carries no ID of its own. */
export const CLUSTER_SLOT = 'cluster'

const FOLDERS: Readonly<Record<Exclude<Kind, 'cluster'>, string>> = {
  node: 'nodes/',
  service: 'services/',
  spec: 'specs/',
  task: 'tasks/',
  network: 'networks/',
  gateway: 'gateways/',
  secret: 'secrets/',
  config: 'configs/',
}

const KIND_OF: ReadonlyMap<string, Kind> = new Map(
  Object.entries(FOLDERS).map(([kind, folder]) => [folder, kind as Kind]),
)

/** Where a record stands: its kind, and its place in the table of that kind. */
export interface RecordPlace {
  readonly kind: Kind
  readonly slot: string
}

/** Everything of one cluster stands below this. */
export function clusterPrefix(cluster: string): string {
  return `/shoal/${cluster}/`
}

/** The key that the primary manager holds. */
export function leaderKey(cluster: string): string {
  return `${clusterPrefix(cluster)}leader`
}

/** The key that every transaction of the primary writes: see WriteChain. */
export function chainKey(cluster: string): string {
  return `${clusterPrefix(cluster)}chain`
}

/** The managers that are alive register below this. */
export function managersPrefix(cluster: string): string {
  return `${clusterPrefix(cluster)}managers/`
}

/** Stands while a cluster's records are being brought into this store, and until a manager has taken them over. */
export function transferKey(cluster: string): string {
  return `${clusterPrefix(cluster)}transfer`
}

/**
 * Whether a key goes along when the cluster goes to another store or into a backup: every one but those that belong
 * to the processes of the moment. Kinds that are added later go along without being named here.
 */
export function isCarried(cluster: string, key: string): boolean {
  const ofTheMoment = [leaderKey(cluster), chainKey(cluster), transferKey(cluster)]
  return (
    key.startsWith(clusterPrefix(cluster)) &&
    !key.startsWith(managersPrefix(cluster)) &&
    !ofTheMoment.includes(key)
  )
}

/** The place of a record in its table: its ID, except for the cluster's one record. */
export function slotOf<K extends Kind>(kind: K, record: Records[K]): string {
  return kind === 'cluster' ? CLUSTER_SLOT : record.ID
}

export function keyOf(cluster: string, { kind, slot }: RecordPlace): string {
  return kind === 'cluster'
    ? `${clusterPrefix(cluster)}cluster`
    : `${clusterPrefix(cluster)}${FOLDERS[kind]}${slot}`
}

/** The key of a record of this cluster; for those who write many. */
export type KeyMaker = (kind: Kind, slot: string) => string

export function keyMaker(cluster: string): KeyMaker {
  const beginnings = {} as Record<Kind, string>
  for (const kind of KINDS) beginnings[kind] = keyOf(cluster, { kind, slot: '' })
  return (kind, slot) => (kind === 'cluster' ? beginnings.cluster : beginnings[kind] + slot)
}

/** @returns undefined for a key that holds no record (the leader's, the managers', another cluster's) */
export function placeOf(cluster: string, key: string): RecordPlace | undefined {
  const prefix = clusterPrefix(cluster)
  if (!key.startsWith(prefix)) return undefined
  const end = key.indexOf('/', prefix.length) + 1
  if (end === 0)
    return key.length === prefix.length + CLUSTER_SLOT.length && key.endsWith(CLUSTER_SLOT)
      ? { kind: 'cluster', slot: CLUSTER_SLOT }
      : undefined
  const kind = KIND_OF.get(key.slice(prefix.length, end))
  return kind && { kind, slot: key.slice(end) }
}

const CONFIDENTIAL = /^\/shoal\/[^/]+\/(?:cluster$|services\/|specs\/|secrets\/|configs\/)/

/** Whether a key's value may hold what users or the cluster keep secret: keys, passwords, environments. */
export function isConfidential(key: string): boolean {
  return CONFIDENTIAL.test(key)
}
