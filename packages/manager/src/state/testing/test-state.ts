import { silentLogger, type Clock } from '@shoal/common'
import { MemoryStore } from '../../store/memory.js'
import { leaderKey } from '../keys.js'
import { openState, type LiveState } from '../open.js'
import { put, type Kind, type Records } from '../records.js'

export const TEST_CLUSTER = 'test'

export interface TestStateOptions {
  /** Shared by the managers of one simulated cluster; a new one by default. */
  readonly store?: MemoryStore
  readonly cluster?: string
  readonly signal?: AbortSignal
}

/** A state that leads, over a store in memory: behaves like the real one, fencing included. */
export async function createTestState(clock: Clock, options: TestStateOptions = {}): Promise<LiveState> {
  const { store = new MemoryStore(), cluster = TEST_CLUSTER, signal = new AbortController().signal } = options
  const key = leaderKey(cluster)
  const won = await store.commit({ compares: [], operations: [{ type: 'put', key, value: '{}' }] })
  if (!won.committed) throw new Error('a put without compares was refused')
  const state = await openState({ store, cluster, clock, log: silentLogger, signal })
  await state.lead({ key, revision: won.revision })
  return state
}

/** Stores one record and returns it as it stands then, with its version. */
export async function storeRecord<K extends Kind>(
  state: LiveState,
  kind: K,
  record: Records[K],
): Promise<Records[K]> {
  await state.commit([put(kind, record)])
  const stored = state.get(kind, record.ID)
  if (stored === undefined) throw new Error(`the ${kind} ${record.ID} is not in memory after its commit`)
  return stored
}
