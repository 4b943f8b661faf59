import { toTimestamp } from '@shoal/common'
import type { Service, Task } from '@shoal/engine-api'
import { put, type TaskRecord } from '@shoal/manager/state/index'
import { aTask } from '@shoal/manager/state/testing/index'
import { describe, expect, test } from 'vitest'
import { SceneClient, filters, image } from './scene-client.js'
import { MANAGER, WORKER } from './api-scene.js'

const client = SceneClient.forEachTest()

function specVersions(serviceId: string): number[] {
  return [...client.scene.state.specsOfService(serviceId)].map((spec) => spec.Number).sort((a, b) => a - b)
}

describe('services', () => {
  test('what was created is answered with what Docker adds, and found by ID, name and prefix', async () => {
    const id = await client.create()
    const service = await client.inspect('web')
    expect(service).toMatchObject({
      ID: id,
      Spec: {
        Name: 'web',
        Labels: {},
        Mode: { Replicated: { Replicas: 1 } },
        TaskTemplate: { Runtime: 'container', ForceUpdate: 0, ContainerSpec: { Isolation: 'default' } },
      },
      Endpoint: { Spec: { Mode: 'vip' } },
    })
    expect(service).not.toHaveProperty('Shoal')
    expect(service).not.toHaveProperty('ServiceStatus')
    expect(service.CreatedAt).toBe(toTimestamp(Date.parse(service.CreatedAt)))
    expect((await client.inspect(id)).ID).toBe(id)
    expect((await client.inspect(id.slice(0, 8))).ID).toBe(id)
  })

  test('a service without a name gets one', async () => {
    const id = await client.create({ Name: undefined })
    expect((await client.inspect(id)).Spec.Name).toMatch(/^[a-z]+_[a-z]+\d*$/)
  })

  test('defaults are shown when they are asked for', async () => {
    await client.create()
    const { body } = await client.ask<Service>('GET', '/services/web?insertDefaults=true')
    expect(body.Spec.UpdateConfig).toMatchObject({ Parallelism: 1, Monitor: 5_000_000_000 })
    expect((await client.inspect('web')).Spec.UpdateConfig).toBeUndefined()
  })

  test('lists are filtered, and never null', async () => {
    expect((await client.ask('GET', '/services')).text).toBe('[]\n')
    await client.create({ Labels: { tier: 'front', blue: '' } })
    await client.create({ Name: 'worker', Mode: { Global: {} } })
    const names = async (filter: object): Promise<(string | undefined)[]> =>
      (await client.ask<Service[]>('GET', `/services?${filters(filter)}`)).body.map(
        (service) => service.Spec.Name,
      )
    expect(await names({ name: { we: true } })).toEqual(['web'])
    expect(await names({ name: ['web', 'work'] })).toEqual(['web', 'worker'])
    expect(await names({ label: ['tier=front', 'blue'] })).toEqual(['web'])
    expect(await names({ label: ['tier=front', 'red'] })).toEqual([])
    expect(await names({ mode: { global: true } })).toEqual(['worker'])
    expect(await names({ runtime: ['plugin'] })).toEqual([])
  })

  test('the status counts what runs and what is wanted', async () => {
    const id = await client.create({ Mode: { Replicated: { Replicas: 4 } } })
    const status = { Timestamp: toTimestamp(0), Message: '' }
    await client.scene.state.commit([
      put('task', aTask('t1', { ServiceID: id, Status: { ...status, State: 'running' } })),
      put('task', aTask('t2', { ServiceID: id, Status: { ...status, State: 'complete' } })),
    ])
    const { body } = await client.ask<Service[]>('GET', '/services?status=true')
    expect(body[0]?.ServiceStatus).toEqual({ RunningTasks: 1, DesiredTasks: 4, CompletedTasks: 1 })
  })

  test('tasks that outlive their service are found by the label of their stack until they have ended', async () => {
    const stack = { 'com.docker.stack.namespace': 'shop' }
    const id = await client.create({
      Labels: stack,
      TaskTemplate: { ContainerSpec: { Image: 'busybox:1', Labels: stack } },
    })
    const status = { Timestamp: toTimestamp(0), Message: '' }
    const task = (ID: string, State: 'running' | 'complete'): TaskRecord =>
      aTask(ID, { ServiceID: id, Status: { ...status, State } })
    await client.scene.state.commit([put('task', task('t1', 'running')), put('task', task('t2', 'complete'))])
    const listed = async (value: string): Promise<string[]> =>
      (
        await client.ask<Task[]>(
          'GET',
          `/tasks?${filters({ label: [`com.docker.stack.namespace=${value}`] })}`,
        )
      ).body.map(({ ID }) => ID)
    expect((await listed('shop')).sort()).toEqual(['t1', 't2'])
    await client.ask('DELETE', '/services/web')
    expect(await listed('shop')).toEqual(['t1'])
    expect(await listed('other')).toEqual([])
  })

  test('an unchanged spec makes no new version, another image does, and its return takes the old number', async () => {
    const id = await client.create()
    await client.update('web', {
      Labels: { a: 'b' },
      Mode: { Replicated: { Replicas: 3 } },
      EndpointSpec: { Mode: 'vip' },
    })
    expect(client.scene.state.get('service', id)?.Shoal).toMatchObject({
      SpecVersion: 1,
      PreviousSpecVersion: 1,
    })
    await client.update('web', image('busybox:2'))
    expect(client.scene.state.get('service', id)?.Shoal.SpecVersion).toBe(2)
    await client.update('web', image('busybox:1'))
    expect(client.scene.state.get('service', id)?.Shoal).toMatchObject({
      SpecVersion: 1,
      PreviousSpecVersion: 2,
    })
    await client.update('web', image('busybox:3'))
    expect(client.scene.state.get('service', id)?.Shoal.SpecVersion).toBe(3)
    expect(specVersions(id)).toEqual([1, 2, 3])
  })

  test('an update remembers the spec before it, and ends the rollout before it', async () => {
    const id = await client.create()
    const stored = client.scene.state.get('service', id)
    if (!stored) throw new Error('the service was not stored')
    const rollout = { StartedAtMs: 1, Total: 1, Batch: [], Failed: [], Failures: 0, Stuck: [] }
    const UpdateStatus = { State: 'paused', Message: 'failed' } as const
    await client.scene.state.commit([
      put('service', { ...stored, UpdateStatus, Shoal: { ...stored.Shoal, Rollout: rollout } }),
    ])
    await client.update('web', image('busybox:2'))
    const service = await client.inspect('web')
    expect(service.PreviousSpec?.TaskTemplate?.ContainerSpec?.Image).toBe('busybox:1')
    expect(service.UpdateStatus).toBeUndefined()
    expect(client.scene.state.get('service', id)?.Shoal.Rollout).toBeUndefined()
  })

  test('a rollback swaps the specs and says so', async () => {
    const id = await client.create()
    expect(await client.update('web', {}, '&rollback=previous')).toMatchObject({
      status: 400,
      body: {
        message: `rpc error: code = FailedPrecondition desc = service ${id} does not have a previous spec`,
      },
    })
    await client.update('web', image('busybox:2'))
    expect((await client.update('web', {}, '&rollback=previous')).status).toBe(200)
    const service = await client.inspect('web')
    expect(service.Spec.TaskTemplate?.ContainerSpec?.Image).toBe('busybox:1')
    expect(service.PreviousSpec?.TaskTemplate?.ContainerSpec?.Image).toBe('busybox:2')
    expect(service.UpdateStatus).toMatchObject({
      State: 'rollback_started',
      Message: 'manually requested rollback',
    })
    expect(client.scene.state.get('service', id)?.Shoal).toMatchObject({
      SpecVersion: 1,
      PreviousSpecVersion: 2,
    })
  })

  test.each([
    [
      'renamed',
      { Name: 'site' },
      'rpc error: code = Unimplemented desc = renaming services is not supported',
    ],
    [
      'turned global',
      { Mode: { Global: {} } },
      'rpc error: code = Unimplemented desc = service mode change is not allowed',
    ],
  ])('a service cannot be %s', async (_what, changes, message) => {
    await client.create()
    expect(await client.update('web', changes)).toMatchObject({ status: 501, body: { message } })
  })

  test('the pull secret is kept, never shown, and alone replaces nothing', async () => {
    const id = await client.create({}, { 'x-registry-auth': 'c2VjcmV0' })
    const authOf = (number: number) => client.scene.state.get('spec', `${id}/${number}`)?.Shoal.RegistryAuth
    expect(authOf(1)).toBe('c2VjcmV0')
    await client.update('web', image('busybox:2'))
    expect(authOf(2)).toBe('c2VjcmV0')
    const { Spec, Version } = await client.inspect('web')
    await client.ask('POST', `/services/web/update?version=${Version.Index}`, Spec, {
      'x-registry-auth': 'bmV3',
    })
    expect(authOf(2)).toBe('bmV3')
    expect(specVersions(id)).toEqual([1, 2])
    await client.update('web', {}, '&registryAuthFrom=previous-spec')
    expect((await client.ask('GET', '/services')).text).not.toMatch(/c2VjcmV0|bmV3/)
  })

  test('fields that the client’s version does not have yet are dropped', async () => {
    const ContainerSpec = { Image: 'x', Sysctls: { a: 'b' }, OomScoreAdj: 5, CapabilityAdd: ['ALL'] }
    const spec = { Name: 'old', TaskTemplate: { ContainerSpec } }
    await client.ask('POST', '/v1.40/services/create', spec)
    expect((await client.inspect('old')).Spec.TaskTemplate?.ContainerSpec).toEqual({
      Image: 'x',
      Sysctls: { a: 'b' },
      Isolation: 'default',
    })
  })

  test('a removed service is gone, with an empty 200', async () => {
    await client.create()
    expect(await client.ask('DELETE', '/services/web')).toMatchObject({ status: 200, text: '' })
    expect((await client.ask('DELETE', '/services/web')).status).toBe(404)
  })
})

describe('tasks', () => {
  const status = (State: 'running' | 'shutdown') =>
    ({ Timestamp: toTimestamp(0), State, Message: '' }) as const

  async function aServiceOfTwoVersions(): Promise<string> {
    const id = await client.create({ Labels: { app: 'shop' } })
    await client.update('web', image('busybox:2'))
    await client.scene.state.commit([
      put(
        'task',
        aTask('old', {
          ServiceID: id,
          NodeID: MANAGER,
          DesiredState: 'shutdown',
          Status: status('shutdown'),
        }),
      ),
      put(
        'task',
        aTask('new', {
          ServiceID: id,
          NodeID: WORKER,
          Slot: 2,
          Status: status('running'),
          Shoal: { SpecVersion: 2 },
        }),
      ),
    ])
    return id
  }

  test('each is answered with the spec that it was made from', async () => {
    await aServiceOfTwoVersions()
    const { body } = await client.ask<Task>('GET', '/tasks/old')
    expect(body.Spec.ContainerSpec?.Image).toBe('busybox:1')
    expect(body).toMatchObject({
      Labels: {},
      Slot: 1,
      NodeID: MANAGER,
      Status: { State: 'shutdown', PortStatus: {} },
    })
    expect(body).not.toHaveProperty('Shoal')
  })

  test('they are filtered', async () => {
    const id = await aServiceOfTwoVersions()
    const found = async (filter: object): Promise<string[]> =>
      (await client.ask<Task[]>('GET', `/tasks?${filters(filter)}`)).body.map((task) => task.ID).sort()
    expect(await found({})).toEqual(['new', 'old'])
    expect(await found({ service: [id], '_up-to-date': { true: true } })).toEqual(['new'])
    expect(await found({ '_up-to-date': { false: true } })).toEqual(['new', 'old'])
    expect(await found({ node: [WORKER] })).toEqual(['new'])
    expect(await found({ 'desired-state': ['shutdown'] })).toEqual(['old'])
    expect(await found({ name: ['web.2'] })).toEqual(['new'])
    expect(await found({ label: ['app=shop'] })).toEqual(['new', 'old'])
    expect(await found({ label: ['app=other'] })).toEqual([])
    expect(await found({ id: ['n'] })).toEqual(['new'])
    expect((await client.ask('GET', `/tasks?${filters({ service: ['none'] })}`)).status).toBe(404)
    expect((await client.ask('GET', `/tasks?${filters({ node: ['none'] })}`)).status).toBe(404)
  })

  test('a change of placement alone leaves them up to date where their node still fits', async () => {
    const id = await client.create()
    const TaskTemplate = {
      ContainerSpec: { Image: 'busybox:1' },
      Placement: { Constraints: ['node.labels.zone==east'] },
    }
    await client.scene.state.commit([
      put('task', aTask('east', { ServiceID: id, NodeID: WORKER, Status: status('running') })),
      put('task', aTask('west', { ServiceID: id, NodeID: MANAGER, Slot: 2, Status: status('running') })),
    ])
    await client.update('web', { TaskTemplate })
    const { body } = await client.ask<Task[]>('GET', `/tasks?${filters({ '_up-to-date': ['true'] })}`)
    expect(body.map((task) => task.ID)).toEqual(['east'])
  })
})
