import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ShoalError, silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { put } from '../state/records.js'
import { createTestState } from '../state/testing/index.js'
import { StatusInbox } from './status-inbox.js'
import { status, task } from './testing/records.js'

describe('statuses on their way to the store', () => {
  let clock: VirtualClock
  let state: Awaited<ReturnType<typeof createTestState>>
  let inbox: StatusInbox
  const { signal } = new AbortController()

  beforeEach(async () => {
    clock = new VirtualClock()
    state = await createTestState(clock)
    inbox = new StatusInbox({ state, clock, log: silentLogger })
    await state.commit([put('task', task('t1')), put('task', task('t2', { NodeID: 'n2' }))])
  })

  const stateOf = (id: string) => state.get('task', id)?.Status.State

  test('a record that changed meanwhile is read again, and neither change is lost', async () => {
    const stored = state.get('task', 't1')
    inbox.accept('n1', [{ taskId: 't1', status: status('running') }], signal)
    const racing = stored && state.commit([put('task', { ...stored, DesiredState: 'shutdown' })])
    await clock.advanceAsync(10)
    await racing
    expect(state.get('task', 't1')).toMatchObject({ DesiredState: 'shutdown', Status: { State: 'running' } })
  })

  test('what the store does not take is written when it does, in the right order', async () => {
    const commit = vi.spyOn(state, 'commit')
    commit.mockRejectedValueOnce(new ShoalError('unavailable', 'the store is away'))
    inbox.accept('n1', [{ taskId: 't1', status: status('running') }], signal)
    await clock.advanceAsync(10)
    inbox.accept('n1', [{ taskId: 't1', status: status('failed') }], signal)
    await clock.advanceAsync(100)
    expect(stateOf('t1')).toBe('assigned')
    await clock.advanceAsync(1_000)
    expect(stateOf('t1')).toBe('failed')
    expect(state.get('task', 't1')?.Shoal.RunningSinceMs).toBeDefined()
  })

  test('the agents of several nodes share a write', async () => {
    const commit = vi.spyOn(state, 'commit')
    inbox.accept('n1', [{ taskId: 't1', status: status('running') }], signal)
    inbox.accept('n2', [{ taskId: 't2', status: status('running') }], signal)
    await clock.advanceAsync(10)
    expect([stateOf('t1'), stateOf('t2')]).toEqual(['running', 'running'])
    expect(commit).toHaveBeenCalledTimes(1)
  })

  test('chatter is known at once and never written', async () => {
    const commit = vi.spyOn(state, 'commit')
    inbox.accept('n1', [{ taskId: 't1', status: status('preparing') }], signal)
    expect(stateOf('t1')).toBe('preparing')
    await clock.advanceAsync(10)
    expect(commit).not.toHaveBeenCalled()
  })
})
