import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { put, type TaskRecord } from '../state/records.js'
import { createTestState } from '../state/testing/index.js'
import { assignedTask, nodesConcerned } from './assigned-task.js'
import { service, status, task } from './testing/records.js'

describe('whom a change of a task concerns', () => {
  const assigned = task('t1')
  const { NodeID: _, ...placeless } = task('t1', { Status: status('pending') })
  const cases: [string, TaskRecord | undefined, TaskRecord | undefined, string[]][] = [
    ['made, not yet placed', undefined, placeless, []],
    ['placed', placeless, assigned, ['n1']],
    ['made in its place (global services)', undefined, task('t1', { Status: status('new') }), []],
    ['chatter', assigned, task('t1', { Status: status('preparing') }), []],
    ['running', assigned, task('t1', { Status: status('running') }), []],
    ['to be stopped', assigned, task('t1', { DesiredState: 'shutdown' }), ['n1']],
    ['to be run after its preparation', task('t1', { DesiredState: 'ready' }), assigned, ['n1']],
    ['counted as another version', assigned, task('t1', { Shoal: { SpecVersion: 2 } }), ['n1']],
    ['ended', assigned, task('t1', { Status: status('failed') }), ['n1']],
    ['history', task('t1', { Status: status('failed') }), undefined, []],
    ['removed', assigned, undefined, ['n1']],
  ]
  test.each(cases)('%s', (_name, before, after, nodes) => {
    const change = { kind: 'task' as const, ...(before ? { before } : {}), ...(after ? { after } : {}) }
    expect(nodesConcerned(change)).toEqual(nodes)
  })
})

describe('the document of an assignment', () => {
  test('takes the ports from the version of the spec, whatever the service publishes by now', async () => {
    const state = await createTestState(new VirtualClock())
    await state.commit(service())
    const [web] = state.all('service')
    await state.commit([
      put('service', { ...web!, Endpoint: { Ports: [{ TargetPort: 80, PublishedPort: 9090 }] } }),
    ])
    expect(assignedTask(state, task('t1'), false)).toEqual({
      ID: 't1',
      ServiceID: 's1',
      ServiceName: 'web',
      ServiceLabels: {},
      Slot: 1,
      NodeID: 'n1',
      DesiredState: 'running',
      Spec: { ContainerSpec: { Image: 'busybox' } },
      Ports: [{ TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }],
    })
  })

  test('needs no spec for a task that is to stop, and is not made without one for a task that is to run', async () => {
    const state = await createTestState(new VirtualClock())
    expect(assignedTask(state, task('t1', { DesiredState: 'remove' }), false)?.DesiredState).toBe('remove')
    expect(assignedTask(state, task('t1'), false)).toBeUndefined()
  })

  test('carries the addresses, with the aliases of the version that the task is of', async () => {
    const state = await createTestState(new VirtualClock())
    await state.commit(service())
    const [spec] = state.all('spec')
    const Networks = [{ Target: 'net1', Aliases: ['shop'] }]
    await state.commit([put('spec', { ...spec!, TaskTemplate: { Networks } })])
    const NetworksAttachments = [
      { Network: { ID: 'ingress', Spec: { Name: 'ingress' } }, Addresses: ['10.0.0.7/16'] },
      { Network: { ID: 'net1', Spec: { Name: 'back' } }, Addresses: ['10.0.1.7/24'] },
    ]
    expect(assignedTask(state, task('t1', { NetworksAttachments }), false)?.Attachments).toEqual([
      { NetworkID: 'ingress', Address: '10.0.0.7', Aliases: [] },
      { NetworkID: 'net1', Address: '10.0.1.7', Aliases: ['shop'] },
    ])
  })

  test('says running while the stop is withheld; without a spec there is nothing to run, so it has to say it', async () => {
    const state = await createTestState(new VirtualClock())
    const stopping = task('t1', { DesiredState: 'remove' })
    expect(assignedTask(state, stopping, true)?.DesiredState).toBe('remove')
    await state.commit(service())
    expect(assignedTask(state, stopping, true)?.DesiredState).toBe('running')
  })
})
