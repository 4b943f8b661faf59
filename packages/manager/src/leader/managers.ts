import { leaderKey, managersPrefix } from '../state/keys.js'
import type { Store } from '../store/contract.js'
import type { ManagerInfo } from './campaign.js'

export interface Managers {
  /** Absent while nobody leads. */
  readonly leader?: ManagerInfo
  /** The managers that are alive. */
  readonly managers: readonly ManagerInfo[]
}

/** Who is alive and who leads, as the store knows it now. @throws ShoalError `unavailable` */
export async function readManagers(store: Store, cluster: string): Promise<Managers> {
  const leaders = await store.snapshot(leaderKey(cluster))
  const registered = await store.snapshot(managersPrefix(cluster))
  const leader = leaders.entries.find(({ key }) => key === leaderKey(cluster))
  return {
    ...(leader && { leader: JSON.parse(leader.value) as ManagerInfo }),
    managers: registered.entries.map(({ value }) => JSON.parse(value) as ManagerInfo),
  }
}
