import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AssignedTask } from '@shoal/engine-api'
import { put, remove } from '@shoal/manager/state/records'
import {
  createScene,
  description,
  HEARTBEAT_MS,
  SETUP,
  hastyClock,
  status,
  task,
  type Agent,
  type Scene,
} from './session-scene.js'

const SOON = { timeout: 10_000, interval: 10 }

async function expectSet(agent: Agent): Promise<void> {
  await expect.poll(() => agent.worker.sets, SOON).toBeGreaterThan(0)
}

describe('an agent and its manager', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await createScene()
  })

  afterEach(() => scene.end())

  test('a node that connects becomes ready, with what its agent says of the host', async () => {
    const agent = scene.startAgent('n1', { managers: ['127.0.0.1:1', scene.manager.address] })
    await expect
      .poll(() => scene.state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'ready', Addr: '127.0.0.1' })
    expect(scene.state.get('node', 'n1')?.Description).toEqual(description('host-n1'))
    await expect.poll(() => agent.worker.sets, SOON).toBe(1)
    expect(agent.worker.tasks.size).toBe(0)
    expect(agent.savedManagers).toEqual([scene.manager.address])
  })

  test('a description that stays the same is not written again', async () => {
    const first = scene.startAgent('n1')
    await expectSet(first)
    const index = scene.state.get('node', 'n1')?.Version.Index
    await first.stop()
    const second = scene.startAgent('n1')
    await expectSet(second)
    expect(scene.state.get('node', 'n1')?.Version.Index).toBe(index)
  })

  test('a host that changes is described anew, without a new session', async () => {
    const agent = scene.startAgent('n1', { clock: hastyClock })
    await expectSet(agent)
    agent.hostname = 'renamed'
    await expect.poll(() => scene.state.get('node', 'n1')?.Description.Hostname, SOON).toBe('renamed')
    expect(agent.worker.sets).toBe(1)
  })

  test('a node hears what it is to be, with each session and when it changes', async () => {
    const setRole = async (Role: 'worker' | 'manager'): Promise<void> => {
      const node = scene.state.get('node', 'n1')
      if (!node) throw new Error('the node is gone')
      await scene.state.commit([put('node', { ...node, Spec: { ...node.Spec, Role } })])
    }
    const worker = { isManager: false, setup: null }
    const first = scene.startAgent('n1')
    await expect.poll(() => first.roles, SOON).toEqual([worker])
    await setRole('manager')
    await expect.poll(() => first.roles, SOON).toEqual([worker, { isManager: true, setup: SETUP }])
    await first.stop()
    const second = scene.startAgent('n1')
    await expect.poll(() => second.roles, SOON).toEqual([{ isManager: true, setup: SETUP }])
    await setRole('worker')
    await expect.poll(() => second.roles, SOON).toEqual([{ isManager: true, setup: SETUP }, worker])
  })

  test('the complete set comes first, then what changes, as whole documents', async () => {
    await scene.state.commit([put('task', task('t1')), put('task', task('elsewhere', { NodeID: 'n2' }))])
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    expect([...agent.worker.tasks.keys()]).toEqual(['t1'])
    expect(agent.worker.tasks.get('t1')).toEqual({
      ID: 't1',
      ServiceID: 's1',
      ServiceName: 'web',
      ServiceLabels: { tier: 'front' },
      Slot: 1,
      NodeID: 'n1',
      DesiredState: 'running',
      Spec: { ContainerSpec: { Image: 'busybox' } },
      Ports: [{ TargetPort: 80, PublishedPort: 8080 }],
      RegistryAuth: 'secret',
    } satisfies AssignedTask)

    await scene.state.commit([
      put('task', task('t2')),
      put('task', { ...scene.task('t1'), DesiredState: 'shutdown' }),
    ])
    await expect.poll(() => agent.worker.desired(), SOON).toEqual({ t1: 'shutdown', t2: 'running' })

    await scene.state.commit([remove('task', scene.task('t1'))])
    await expect.poll(() => agent.worker.desired(), SOON).toEqual({ t2: 'running' })
    expect(agent.worker.sets).toBe(1)
  })

  test('a set beyond what one message holds arrives whole', async () => {
    const image = 'x'.repeat(10_000)
    await scene.state.commit([
      put('spec', { ...scene.spec(), TaskTemplate: { ContainerSpec: { Image: image } } }),
    ])
    for (let batch = 0; batch < 10; batch++) {
      const ids = Array.from({ length: 100 }, (_, i) => `t${batch * 100 + i}`)
      await scene.state.commit(ids.map((id) => put('task', task(id))))
    }
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    expect(agent.worker.tasks.size).toBe(1_000)
    expect(agent.worker.sets).toBe(1)
  })

  test('chatter is passed on, running and the end are written, and the ended task leaves the set', async () => {
    await scene.state.commit([put('task', task('t1'))])
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    const index = scene.task('t1').Version.Index

    agent.session.report('t1', status('preparing'))
    await expect.poll(() => scene.task('t1').Status.State, SOON).toBe('preparing')
    expect(scene.task('t1').Version.Index).toBe(index)

    agent.session.report('t1', status('running'))
    await expect.poll(() => scene.task('t1').Status.State, SOON).toBe('running')
    expect(scene.task('t1').Version.Index).toBeGreaterThan(index)
    expect(scene.task('t1').Shoal.RunningSinceMs).toBeGreaterThan(0)
    expect(agent.worker.changes).toBe(0)

    agent.session.report('t1', status('failed'))
    await expect.poll(() => scene.task('t1').Status.State, SOON).toBe('failed')
    await expect.poll(() => agent.worker.tasks.size, SOON).toBe(0)
  })

  test('an agent cannot speak for the tasks of another node', async () => {
    await scene.state.commit([put('task', task('foreign', { NodeID: 'n2' })), put('task', task('own'))])
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    agent.session.report('foreign', status('failed'))
    agent.session.report('unknown', status('failed'))
    agent.session.report('own', status('running'))
    await expect.poll(() => scene.task('own').Status.State, SOON).toBe('running')
    expect(scene.task('foreign').Status.State).toBe('assigned')
  })

  test('a manager that is gone for a while is found again, and told what happened meanwhile', async () => {
    await scene.state.commit([put('task', task('t1')), put('task', task('t2'))])
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    scene.manager.stop()
    agent.session.report('t1', status('running'))
    agent.session.report('t1', status('failed'))
    agent.worker.status.set('t2', status('running'))
    await scene.restartManager()
    await expect.poll(() => scene.task('t1').Status.State, SOON).toBe('failed')
    expect(scene.task('t1').Shoal.RunningSinceMs).toBeGreaterThan(0)
    await expect.poll(() => scene.task('t2').Status.State, SOON).toBe('running')
    expect(agent.worker.sets).toBe(2)
  })

  test('a manager that is not the primary sends the agent on', async () => {
    const secondary = await scene.startManager(0, { primary: scene.manager.address })
    const agent = scene.startAgent('n1', { managers: [secondary.address] })
    await expectSet(agent)
    expect(agent.savedManagers).toEqual([scene.manager.address])
  })

  test('a second session of a node ends the first', async () => {
    const hello = { hello: { descriptionJson: JSON.stringify(description('host-n1')), advertiseAddress: '' } }
    const first = scene.rawSession('n1')
    first.call.write(hello)
    await expect.poll(() => first.received.length, SOON).toBeGreaterThan(0)
    const second = scene.rawSession('n1')
    second.call.write(hello)
    await expect.poll(() => first.failure, SOON).toContain('a newer session of this node has begun')
    expect(second.failure).toBeUndefined()
    expect(scene.manager.dispatcher.connectedNodes()).toEqual(new Set(['n1']))
  })

  test('a node that is not of the cluster is refused', async () => {
    const agent = scene.rawSession('stranger')
    agent.call.write({ hello: { descriptionJson: JSON.stringify(description('x')), advertiseAddress: '' } })
    await expect.poll(() => agent.failure, SOON).toBe('7 PERMISSION_DENIED: node is not part of this cluster')
  })

  test.each([
    ['no Hello', { heartbeat: {} }, '9 FAILED_PRECONDITION: the first message of a session is Hello'],
    ['no JSON', { hello: { descriptionJson: '{' } }, '3 INVALID_ARGUMENT: malformed node description'],
    ['an empty description', { hello: { descriptionJson: '{}' } }, '3 INVALID_ARGUMENT: malformed node'],
  ])('a session that begins with %s ends, and the node is as it was', async (_, message, failure) => {
    const agent = scene.rawSession('n1')
    agent.call.write(message)
    await expect.poll(() => agent.failure, SOON).toContain(failure)
    expect(scene.state.get('node', 'n1')?.Status.State).toBe('unknown')
  })

  test('a node removed from the cluster loses its session', async () => {
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    const node = scene.state.get('node', 'n1')
    if (node) await scene.state.commit([remove('node', node)])
    await expect.poll(() => scene.manager.dispatcher.connectedNodes().size, SOON).toBe(0)
    await expect.poll(() => agent.session.connected(), SOON).toBe(false)
  })

  test('a silent node is down after three missing heartbeats, and ready when it comes back', async () => {
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS * 5))
    expect(scene.state.get('node', 'n1')?.Status.State).toBe('ready')
    await agent.stop()
    expect(scene.state.get('node', 'n1')?.Status.State).toBe('ready')
    await expect
      .poll(() => scene.state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'down', Message: 'heartbeat failure', Addr: '127.0.0.1' })
    scene.startAgent('n1')
    await expect
      .poll(() => scene.state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'ready', Addr: '127.0.0.1' })
  })

  test('what is in use on a host is told with a heartbeat', async () => {
    scene.startAgent('n1', { measureUse: () => ({ cpus: 1.25, memoryBytes: 6 * 1024 ** 3 }) })
    await expect
      .poll(() => scene.manager.dispatcher.useOf('n1'), SOON)
      .toEqual({ cpus: 1.25, memoryBytes: 6 * 1024 ** 3 })
    expect(scene.manager.dispatcher.useOf('n2')).toBeUndefined()
  })

  test('a node that is declared down although its connection lives comes anew', async () => {
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    const node = scene.state.get('node', 'n1')
    if (node) await scene.state.commit([put('node', { ...node, Status: { State: 'down', Addr: '' } })])
    await expect.poll(() => agent.worker.sets, SOON).toBe(2)
    expect(scene.state.get('node', 'n1')?.Status.State).toBe('ready')
  })

  test('a node that leaves is down at once', async () => {
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    await agent.session.leave()
    expect(scene.state.get('node', 'n1')?.Status).toEqual({
      State: 'down',
      Message: 'node left',
      Addr: '127.0.0.1',
    })
    expect(scene.manager.dispatcher.connectedNodes().size).toBe(0)
  })

  test('agents hear when the cluster changes', async () => {
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    const cluster = scene.state.cluster()
    if (cluster) {
      const Shoal = { ...cluster.Shoal, RootCertificate: 'old and new root' }
      await scene.state.commit([put('cluster', { ...cluster, Shoal })])
    }
    await expect.poll(() => agent.roots.at(-1), SOON).toBe('old and new root')
    scene.manager.knownManagers.push('10.0.0.9:2377')
    scene.manager.dispatcher.newsChanged()
    await expect.poll(() => agent.savedManagers, SOON).toEqual([scene.manager.address, '10.0.0.9:2377'])
  })

  test('thirty tasks reported at once are few writes', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `t${i}`)
    await scene.state.commit(ids.map((id) => put('task', task(id))))
    const agent = scene.startAgent('n1')
    await expectSet(agent)
    let commits = 0
    const unsubscribe = scene.state.subscribe(() => commits++)
    for (const id of ids) agent.session.report(id, status('running'))
    await expect.poll(() => ids.every((id) => scene.task(id).Status.State === 'running'), SOON).toBe(true)
    unsubscribe()
    expect(commits).toBeLessThan(5)
  })

  test('a connection that has gone dead without a word is noticed, and another way is taken', async () => {
    const path = await scene.startPath()
    const agent = scene.startAgent('n1', { managers: [path.address] })
    await expectSet(agent)
    path.goDead()
    await expect.poll(() => agent.worker.sets, SOON).toBe(2)
    expect(scene.manager.dispatcher.connectedNodes()).toEqual(new Set(['n1']))
    expect(scene.state.get('node', 'n1')?.Status.State).toBe('ready')
  })
})
