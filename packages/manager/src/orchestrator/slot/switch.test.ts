import { describe, expect, test } from 'vitest'
import type { SpecRecord, TaskRecord } from '../../state/records.js'
import { aNode, aService, aSpec, aTask } from '../../state/testing/index.js'
import { decideService } from '../service-loop/decide.js'
import { viewOf } from '../testing/view.js'

const NOW = Date.UTC(2026, 0, 1, 12)

const RUNNING = { Timestamp: '2026-01-01T00:00:00.000Z', State: 'running', Message: 'started' } as const
const READY = { ...RUNNING, State: 'ready' } as const

const startFirst = aService('web', {
  Spec: {
    Name: 'web',
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 1, Order: 'start-first' },
  },
})

const modest = aSpec('web', 1)
const greedy: SpecRecord = {
  ...modest,
  TaskTemplate: { ...modest.TaskTemplate, Resources: { Reservations: { NanoCPUs: 1e9 } } },
}
const published: SpecRecord = {
  ...modest,
  EndpointSpec: { Ports: [{ PublishMode: 'host', PublishedPort: 8080, TargetPort: 80 }] },
}

/** What becomes of a task that waited, prepared, for the end of another which runs on node a, and must move. */
function decided(waits: Partial<TaskRecord>, spec: SpecRecord): string[] {
  const old = aTask('old', { NodeID: 'a', Status: RUNNING })
  const newest = aTask('new', {
    Status: READY,
    DesiredState: 'ready',
    Shoal: { SpecVersion: 1, Replaces: 'old' },
    ...waits,
  })
  const nodes = [aNode('a', { Spec: { Availability: 'drain' } }), aNode('b')]
  const plan = decideService(viewOf(startFirst, [old, newest], nodes, [spec]), 'web', NOW, () => 'fresh')
  return [...plan.release, ...plan.units].flat().map((action) => {
    if (action.type === 'create')
      return `create ${action.task.DesiredState} for ${action.task.Shoal.Replaces}`
    return action.type === 'desire' ? `${action.desired} ${action.task.ID}` : `delete ${action.task.ID}`
  })
}

describe('a task that is to run beside the one that it replaces', () => {
  test.each<[string, Partial<TaskRecord>, SpecRecord, string[]]>([
    ['runs where it is, if it needs nothing of it', { NodeID: 'b' }, greedy, ['running new']],
    ['runs before it has a node', { Status: { ...READY, State: 'pending' } }, greedy, ['running new']],
  ])('%s', (_name, waits, spec, expected) => {
    expect(decided(waits, spec)).toEqual(expected)
  })
})

describe('a task that was placed on what another holds does not run beside it, but is placed anew', () => {
  test.each<[string, SpecRecord]>([
    ['what is reserved', greedy],
    ['a host port', published],
  ])('%s', (_name, spec) => {
    const old = aTask('old', { NodeID: 'a', Status: RUNNING, Shoal: { SpecVersion: 2 } })
    const newest = aTask('new', {
      NodeID: 'a',
      Status: READY,
      DesiredState: 'ready',
      Shoal: { SpecVersion: 1, Replaces: 'old', StartAfterMs: NOW },
    })
    const specs = [spec, { ...aSpec('web', 2), TaskTemplate: {} }]
    const plan = decideService(
      viewOf(startFirst, [old, newest], [aNode('a')], specs),
      'web',
      NOW,
      () => 'fresh',
    )
    expect(plan.units.flat()).toMatchObject([
      { type: 'desire', task: { ID: 'new' }, desired: 'shutdown' },
      { type: 'create', task: { ID: 'fresh', DesiredState: 'running', Shoal: { Replaces: 'old' } } },
    ])
  })
})

describe('when the order becomes stop-first', () => {
  const stopFirst = aService('web', {
    Spec: { Name: 'web', Mode: { Replicated: { Replicas: 1 } }, UpdateConfig: { Order: 'stop-first' } },
  })
  const specs = [modest, { ...aSpec('web', 2), TaskTemplate: {} }]
  const planFor = (newest: Partial<TaskRecord>) => {
    const old = aTask('old', { NodeID: 'a', Status: RUNNING, Shoal: { SpecVersion: 2 } })
    const begun = aTask('new', { Shoal: { SpecVersion: 1, Replaces: 'old' }, ...newest })
    return decideService(viewOf(stopFirst, [old, begun], [aNode('a')], specs), 'web', NOW, () => 'fresh')
  }

  test('what was to run beside the old task, and does not yet, waits for its end instead', () => {
    expect(planFor({ Status: { ...READY, State: 'pending' } }).units.flat()).toMatchObject([
      { type: 'delete', task: { ID: 'new' } },
      { type: 'create', task: { ID: 'fresh', DesiredState: 'ready', Shoal: { Replaces: 'old' } } },
    ])
  })

  test('what runs already takes over', () => {
    expect(planFor({ NodeID: 'a', Status: RUNNING }).units.flat()).toMatchObject([
      { type: 'desire', task: { ID: 'old' }, desired: 'shutdown' },
    ])
  })
})

test('a slot that rests on the present version stays at rest, even while its earlier task is still to end', () => {
  const service = aService('web', {
    Spec: { Name: 'web', Mode: { Replicated: { Replicas: 1 } }, UpdateConfig: { Order: 'start-first' } },
    UpdateStatus: { State: 'updating', Message: 'update in progress' },
    Shoal: {
      SpecVersion: 1,
      Rollout: { StartedAtMs: NOW, Total: 1, Batch: ['1'], Failures: 0, Failed: [], Stuck: [] },
    },
  })
  const old = aTask('old', {
    NodeID: 'a',
    Status: RUNNING,
    DesiredState: 'shutdown',
    Shoal: { SpecVersion: 2 },
  })
  const ended = aTask('new', {
    NodeID: 'b',
    Status: { ...RUNNING, State: 'complete' },
    DesiredState: 'shutdown',
    Shoal: { SpecVersion: 1, Replaces: 'old', Rests: true },
  })
  const specs = [modest, { ...aSpec('web', 2), TaskTemplate: {} }]
  const view = viewOf(service, [old, ended], [aNode('a'), aNode('b')], specs)
  expect(decideService(view, 'web', NOW, () => 'fresh').units).toEqual([])
})

test('what follows a failed task waits for an earlier one of its slot that is still to end', () => {
  const service = aService('web', { Spec: { Name: 'web', Mode: { Replicated: { Replicas: 1 } } } })
  const stopping = aTask('old', { NodeID: 'a', Status: RUNNING, DesiredState: 'shutdown' })
  const rejected = aTask('new', {
    NodeID: 'b',
    Status: { ...RUNNING, State: 'rejected' },
    Shoal: { SpecVersion: 1, Replaces: 'old' },
  })
  const immediate = { ...modest, TaskTemplate: { RestartPolicy: { Delay: 0 } } }
  const view = viewOf(service, [stopping, rejected], [aNode('a'), aNode('b')], [immediate])
  expect(decideService(view, 'web', NOW, () => 'fresh').units.flat()).toMatchObject([
    { type: 'desire', task: { ID: 'new' }, desired: 'shutdown' },
    { type: 'create', task: { ID: 'fresh', DesiredState: 'ready' } },
  ])
})
