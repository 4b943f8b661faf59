import { ShoalError } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import type { CommitResult, Transaction } from '../store/contract.js'
import { MemoryStore } from '../store/memory.js'
import { put } from './records.js'
import { aTask, createTestState } from './testing/index.js'

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
  store: BreakingStore
  state: Awaited<ReturnType<typeof createTestState>>
}> {
  const store = new BreakingStore()
  return { store, state: await createTestState(new VirtualClock(), { store }) }
}

test('a write that arrived without an answer is known before anything else is written', async () => {
  // Given a write whose acknowledgement got lost
  const { store, state } = await given()
  store.next.push('arrives, unacknowledged')
  await expect(state.commit([put('task', aTask('first'))])).rejects.toMatchObject({ code: 'unavailable' })

  // When something is written that was decided without knowing of it
  const second = state.commit([put('task', aTask('second'))])

  // Then it is to be decided anew, now that memory has the first
  await expect(second).rejects.toMatchObject({ code: 'conflict' })
  expect(state.get('task', 'first')?.Version.Index).toBeGreaterThan(0)
  expect(state.get('task', 'second')).toBeUndefined()
  await state.commit([put('task', aTask('second'))])
  expect(state.get('task', 'second')).toBeDefined()
})

test('a write that did not arrive in time never does', async () => {
  // Given a write that is still on its way when its connection is given up
  const { store, state } = await given()
  store.next.push('is late')
  await expect(state.commit([put('task', aTask('first'))])).rejects.toMatchObject({ code: 'unavailable' })

  // When the next one is written, and the first arrives after all
  await state.commit([put('task', aTask('second'))])

  // Then the first is refused
  expect(await store.arrive()).toEqual({ committed: false })
  expect(state.get('task', 'first')).toBeUndefined()
})

test('an answer that is lost again while it is being found out is no harm', async () => {
  const { store, state } = await given()
  store.next.push('is late', 'arrives, unacknowledged')
  await expect(state.commit([put('task', aTask('first'))])).rejects.toMatchObject({ code: 'unavailable' })
  await expect(state.commit([put('task', aTask('second'))])).rejects.toMatchObject({ code: 'unavailable' })

  await state.commit([put('task', aTask('second'))])

  expect(await store.arrive()).toEqual({ committed: false })
  expect([state.get('task', 'first'), state.get('task', 'second')?.ID]).toEqual([undefined, 'second'])
})
