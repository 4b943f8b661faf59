import { VirtualClock } from '@shoal/common/virtual-clock'
import type { PlacementExplanation } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { explain } from '../../scheduler/explain.js'
import { NodeSet } from '../../scheduler/node-set.js'
import {
  type Given,
  pending,
  reserving,
  running,
  specWith,
  status,
  viewOf,
} from '../../scheduler/testing/index.js'
import type { TaskRecord } from '../../state/records.js'
import { aNode, aService } from '../../state/testing/index.js'
import { explainService, explainTask, type ExplanationParts } from './explanation.js'

const nodes = [aNode('n1'), aNode('n2')]
const web = aService('web', { Spec: { Name: 'web', Mode: { Replicated: { Replicas: 3 } } } })
const partsFor = (given: Partial<Given>): ExplanationParts => {
  const state = viewOf({ nodes, services: [web], ...given })
  const set = NodeSet.of(state)
  const clock = new VirtualClock()
  return {
    state,
    clock,
    askNodes: (subject) => explain({ view: state, set, clock }, subject),
  }
}
const told = ({ Waiting, Placed, Cases }: PlacementExplanation): object => ({
  Waiting,
  Placed,
  Cases: Cases.map(({ Task, Others, Nodes }) => [
    Task?.Name,
    Others,
    Nodes.map(
      ({ ID, Accepts, IsHere }) => `${ID}${IsHere ? ' has it' : Accepts ? ' accepts' : ' refuses'}`,
    ).join(),
  ]),
})

describe('a service is explained', () => {
  const huge = [specWith(reserving(9e9))]

  test('by one of the tasks that wait, for all like it', async () => {
    const tasks = [3, 2, 1].map((Slot) => pending(`t${Slot}`, { Slot }))
    const answer = await explainService(partsFor({ specs: huge, tasks }), 'web')
    expect(told(answer)).toEqual({ Waiting: 3, Placed: 0, Cases: [['web.1', 2, 'n1 refuses,n2 refuses']] })
    expect(answer.Service).toEqual({ ID: 'web', Name: 'web' })
    expect(answer.Cases[0]?.Summary).toBe('no suitable node (insufficient resources on 2 nodes)')
  })

  test('by one task of each version that waits', async () => {
    const clock = new VirtualClock()
    const specs = [...huge, { ...specWith({}), ID: 'web/2', Number: 2 }]
    const tasks = [pending('t1', { Slot: 1 }), pending('t2', { Slot: 2, Shoal: { SpecVersion: 2 } })]
    const asking = explainService({ ...partsFor({ specs, tasks }), clock }, 'web')
    await clock.advanceAsync(1)
    expect(told(await asking)).toMatchObject({
      Cases: [
        ['web.1', 0, 'n1 refuses,n2 refuses'],
        ['web.2', 0, 'n1 accepts,n2 accepts'],
      ],
    })
  })

  test('by a task that is placed, when none waits; those that are not to run any more do not count', async () => {
    const tasks = [
      running('t2', 'n2', { Slot: 2 }),
      running('t1', 'n1', { Slot: 1 }),
      running('old', 'n1', { Slot: 1, DesiredState: 'shutdown' }),
      pending('never', { Slot: 3, DesiredState: 'remove' }),
    ]
    expect(told(await explainService(partsFor({ tasks }), 'web'))).toEqual({
      Waiting: 0,
      Placed: 2,
      Cases: [['web.1', 0, 'n1 has it,n2 accepts']],
    })
  })

  test('by the task that failed last, while the next attempt is not made yet', async () => {
    const ended = (id: string, day: number, State: 'rejected' | 'shutdown'): TaskRecord =>
      running(id, 'n1', { Status: status(State), CreatedAt: `2026-01-0${day}T00:00:00Z` })
    const tasks = [ended('t1', 1, 'shutdown'), ended('t2', 2, 'rejected')]
    const answer = await explainService(partsFor({ tasks }), 'web')
    expect(told(answer)).toMatchObject({ Placed: 0, Cases: [['web.1', 0, 'n1 accepts,n2 accepts']] })
    expect(answer.Cases[0]?.Task).toMatchObject({ ID: 't2', State: 'rejected' })

    const later = await explainService(partsFor({ tasks: [...tasks, ended('t3', 3, 'shutdown')] }), 'web')
    expect(later.Cases[0]?.Task).toBeUndefined()
    const none = aService('web', { Spec: { Name: 'web', Mode: { Replicated: { Replicas: 0 } } } })
    const scaled = await explainService(partsFor({ tasks, services: [none] }), 'web')
    expect(scaled.Cases[0]?.Task).toBeUndefined()
  })

  test('by a task that there might be, when there is none', async () => {
    expect(told(await explainService(partsFor({}), 'web'))).toEqual({
      Waiting: 0,
      Placed: 0,
      Cases: [[undefined, 0, 'n1 accepts,n2 accepts']],
    })
  })

  test('that is global: by what each node says to its own task', async () => {
    const agent = aService('web', { Spec: { Name: 'agent', Mode: { Global: {} } } })
    const perNode = ({ Slot: _slot, ...task }: TaskRecord): TaskRecord => task
    const refused = { ...status('pending'), Err: 'no' }
    const tasks = [running('t1', 'n1'), pending('t2', { NodeID: 'n2', Status: refused })].map(perNode)
    const paused = [aNode('n1'), { ...aNode('n2'), Spec: { Availability: 'pause' as const } }]
    const answer = await explainService(partsFor({ nodes: paused, services: [agent], tasks }), 'agent')
    expect(told(answer)).toEqual({ Waiting: 1, Placed: 1, Cases: [['agent.n2', 0, 'n1 has it,n2 refuses']] })
    expect(answer.Cases[0]?.Task).toMatchObject({ ID: 't2', State: 'pending', Err: 'no', NodeID: 'n2' })
  })

  test('that does not exist: not at all', async () => {
    await expect(explainService(partsFor({}), 'shop')).rejects.toThrow('service shop not found')
  })
})

describe('a task is explained', () => {
  const tasks = [
    running('oldest', 'n1', { Slot: 1, Status: status('failed') }),
    running('old', 'n1', { Slot: 1 }),
    pending('new', { Slot: 1 }),
  ]

  test.each([
    ['web.1', 'new'],
    ['web.1.old', 'old'],
    ['old', 'old'],
    ['ne', 'new'],
    ['oldest', 'oldest'],
  ])('%s means %s', async (reference, id) => {
    const answer = await explainTask(partsFor({ tasks }), reference)
    expect(answer.Cases.map(({ Task }) => Task?.ID)).toEqual([id])
    expect(answer).toMatchObject({ Waiting: 1, Placed: 1, Service: { Name: 'web' } })
  })

  test.each(['web.2', 'shop.1', 'nobody', 'web.'])('%s is not found', async (reference) => {
    await expect(explainTask(partsFor({ tasks }), reference)).rejects.toThrow(`task ${reference} not found`)
  })
})
