import { describe, expect, test } from 'vitest'
import { MemoryState } from '../../state/memory-state.js'
import type { ServiceRecord } from '../../state/records.js'
import { aService } from '../../state/testing/index.js'
import { planRebalance, rebalanceAnswer } from './rebalance.js'

const viewOf = (service: ServiceRecord): MemoryState => {
  const view = new MemoryState()
  view.apply([{ kind: 'service', slot: service.ID, revision: 1, record: service }])
  return view
}
const replicated = (changes: Partial<ServiceRecord> = {}, Labels = {}): ServiceRecord =>
  aService('web', { Spec: { Name: 'web', Labels, Mode: { Replicated: { Replicas: 3 } } }, ...changes })
const rollout = { StartedAtMs: 0, Total: 1, Batch: [], Failures: 0, Failed: [], Stuck: [] }

describe('a rebalance that is asked for', () => {
  test('begins, and is shown', () => {
    const { mutations, result } = planRebalance(viewOf(replicated()), 'web', 42)
    expect(result).toEqual({ State: 'moving', Moving: 0, Moved: 0 })
    expect(mutations).toMatchObject([
      { record: { Shoal: { Rebalance: { StartedAtMs: 42, Moves: [], Moved: 0 } } } },
    ])
  })

  test('goes on when it is under way', () => {
    const Rebalance = { StartedAtMs: 1, Moves: [{ Task: 't', Node: 'n' }], Moved: 2 }
    const view = viewOf(replicated({ Shoal: { SpecVersion: 1, Rebalance } }))
    expect(planRebalance(view, 'web', 42)).toEqual({
      mutations: [],
      result: { State: 'moving', Moving: 1, Moved: 2 },
    })
  })

  test.each([
    [aService('web', { Spec: { Name: 'web', Mode: { Global: {} } } }), 'only be used with replicated mode'],
    [replicated({}, { 'shoal.strategy': 'binpack' }), 'placed by the strategy binpack: there is nothing'],
    [replicated({ Shoal: { SpecVersion: 1, Rollout: rollout } }), 'service web is being updated'],
  ])('is refused where there is nothing to it', (service, message) => {
    expect(() => planRebalance(viewOf(service), 'web', 42)).toThrow(message)
  })

  test('is told of when it has ended', () => {
    const Rebalanced = { EndedAtMs: 1, Moved: 2, Failure: 'no room' }
    expect(rebalanceAnswer(replicated())).toMatchObject({ State: 'none' })
    expect(rebalanceAnswer(replicated({ Shoal: { SpecVersion: 1, Rebalanced } }))).toEqual({
      State: 'done',
      Moving: 0,
      Moved: 2,
      Failure: 'no room',
    })
    const overtaken = { EndedAtMs: 1, Moved: 2, Overtaken: true } as const
    expect(rebalanceAnswer(replicated({ Shoal: { SpecVersion: 1, Rebalanced: overtaken } }))).toMatchObject({
      Failure: 'an update of the service came first',
    })
  })
})
