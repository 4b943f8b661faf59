import { ShoalError } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import type { CommitResult, Transaction } from '../store/contract.js'
import { MemoryStore } from '../store/memory.js'
import { keyOf } from './keys.js'
import { put } from './records.js'
import { aTask, createTestState, TEST_CLUSTER } from './testing/index.js'

const lost = new ShoalError('unavailable', 'connection lost')

/** A store whose connection breaks once, before or after a transaction got there. */
class BreakingStore extends MemoryStore {
  /** What the next transactions meet. */
  readonly next: ('arrives, unacknowledged' | 'is late')[] = []
  /** Transactions that are still on their way. */
  readonly late: Transaction[] = []

  override async commit(transaction: Transaction): Promise<CommitResult> {
    const fate = this.next.shift()
    if (fate === 'is late') this.late.push(transaction)
    else {
      const result = await super.commit(transaction)
      if (fate === undefined) return result
    }
    throw lost
  }

  arrive(): Promise<CommitResult> {
    return super.commit(this.late.shift()!)
  }
}

async function given(): Promise<{
  clock: VirtualClock
  store: BreakingStore
  state: Awaited<ReturnType<typeof createTestState>>
}> {
  const clock = new VirtualClock()
  const store = new BreakingStore()
  return { clock, store, state: await createTestState(clock, { store }) }
}

test('a write that arrived without an answer is found, and written once', async () => {
  // Given a connection that breaks before the acknowledgement
  const { clock, store, state } = await given()
  store.next.push('arrives, unacknowledged')

  // When something is written
  const written = state.commit([put('task', aTask('first'))])
  await clock.advanceAsync(200)

  // Then the caller hears that it was, and memory has the revision at which it was
  await written
  const [stored] = (await store.snapshot(keyOf(TEST_CLUSTER, { kind: 'task', slot: 'first' }))).entries
  expect(state.get('task', 'first')?.Version.Index).toBe(stored?.revision)
})

test('a write that did not arrive in time is written again, and the first never arrives', async () => {
  // Given a write that is still on its way when its connection is given up
  const { clock, store, state } = await given()
  store.next.push('is late')
  const written = state.commit([put('task', aTask('first'))])
  await clock.advanceAsync(200)
  await written
  const { Index } = state.get('task', 'first')!.Version

  // When it arrives after all
  const late = await store.arrive()

  // Then it is refused
  expect(late).toEqual({ committed: false })
  expect((await store.snapshot('')).entries.find(({ key }) => key.endsWith('/first'))?.revision).toBe(Index)
})

test('an answer that is lost again while it is being found out is no harm', async () => {
  const { clock, store, state } = await given()
  store.next.push('is late', 'arrives, unacknowledged', 'arrives, unacknowledged')
  const written = state.commit([put('task', aTask('first'))])
  await clock.advanceAsync(2_000)
  await written
  expect(await store.arrive()).toEqual({ committed: false })
  expect(state.get('task', 'first')).toBeDefined()
})

test('what was decided without knowing of a write that took too long is decided anew', async () => {
  // Given a write that arrived, but the store was away until its caller was told so
  const { clock, store, state } = await given()
  store.next.push('arrives, unacknowledged')
  const refusal = state.commit([put('task', aTask('first'))]).catch((error: unknown) => error)
  await settle()
  store.setReachable(false)
  await clock.advanceAsync(6_000)
  expect(await refusal).toMatchObject({ code: 'unavailable' })
  store.setReachable(true)

  // When something is written that was decided without knowing of it
  const second = state.commit([put('task', aTask('second'))])

  // Then it is to be decided anew, now that memory has the first
  await expect(second).rejects.toMatchObject({ code: 'conflict' })
  expect(state.get('task', 'first')).toBeDefined()
  await state.commit([put('task', aTask('second'))])
  expect(state.get('task', 'second')).toBeDefined()
})
