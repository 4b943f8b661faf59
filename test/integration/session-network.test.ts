import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toTimestamp } from '@shoal/common'
import type { EndpointSet } from '@shoal/engine-api'
import { gatewayId, put, remove } from '@shoal/manager/state/records'
import { aNetwork } from '@shoal/manager/state/testing/index'
import { createScene, status, task, type Agent, type Scene } from './session-scene.js'

const SOON = { timeout: 10_000, interval: 10 }
const AT = toTimestamp(Date.UTC(2026, 0, 1))

/** Holds an agent's network up until it is let go. */
function holdUp(agent: Agent): () => void {
  let letGo: () => void = () => undefined
  agent.documents.obstacle = new Promise((resolve) => {
    letGo = resolve
  })
  return letGo
}

function endpointsOn(agent: Agent): string[] | undefined {
  const document = agent.documents.documents.get('endpoints/s1')
  return (document?.body as EndpointSet | undefined)?.Endpoints.map(({ TaskID }) => TaskID)
}

function running(id: string) {
  const NetworksAttachments = [
    { Network: { ID: 'back', Spec: { Name: 'back' } }, Addresses: ['10.1.0.30/24'] },
  ]
  return task(id, { Status: status('running'), NetworksAttachments })
}

describe('the network as a manager tells its agents', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await createScene()
    const gateway = (NodeID: string, Address: string) =>
      put('gateway', {
        ...aNetwork('back', '10.1.0.0/24'),
        ID: gatewayId('back', NodeID),
        NetworkID: 'back',
        NodeID,
        Address,
      })
    await scene.state.commit([
      put('network', aNetwork('back', '10.1.0.0/24')),
      gateway('n1', '10.1.0.2'),
      gateway('n2', '10.1.0.3'),
      put('spec', { ...scene.spec(), TaskTemplate: { Networks: [{ Target: 'back', Aliases: ['shop'] }] } }),
    ])
    const service = scene.state.get('service', 's1')!
    const VirtualIPs = [{ NetworkID: 'back', Addr: '10.1.0.200/24' }]
    await scene.state.commit([put('service', { ...service, UpdatedAt: AT, Endpoint: { VirtualIPs } })])
  })

  afterEach(() => scene.end())

  async function bothConnected(): Promise<[Agent, Agent]> {
    const agents: [Agent, Agent] = [scene.startAgent('n1'), scene.startAgent('n2')]
    for (const { documents } of agents) {
      await expect.poll(() => documents.documents.has('network/back'), SOON).toBe(true)
    }
    return agents
  }

  test('it comes with the complete set, then as it changes', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect
      .poll(() => [...second.documents.documents.keys()].sort(), SOON)
      .toEqual(['endpoints/s1', 'network/back', 'peer/back/10.1.0.2', 'peer/back/10.1.0.30'])
    expect(second.documents.documents.get('peer/back/10.1.0.30')?.body).toMatchObject({
      NodeID: 'n1',
      NodeAddress: '127.0.0.1',
    })
    expect(first.worker.tasks.get('t1')?.Attachments).toEqual([
      { NetworkID: 'back', Address: '10.1.0.30', Aliases: ['shop'] },
    ])
    await scene.state.commit([put('task', { ...scene.task('t1'), Status: status('failed') })])
    await expect.poll(() => endpointsOn(second), SOON).toEqual([])
    await expect.poll(() => second.documents.documents.has('peer/back/10.1.0.30'), SOON).toBe(false)
    expect(second.worker.sets).toBe(1)
  })

  test('a task is told to stop when everybody has let go of it, and not before', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect.poll(() => endpointsOn(second), SOON).toEqual(['t1'])
    const letGo = holdUp(second)
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'shutdown' })])
    await expect.poll(() => endpointsOn(first), SOON).toEqual([])
    // What is said after it is heard: so the word to stop is not on its way either.
    await scene.state.commit([put('task', task('t2'))])
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'running', t2: 'running' })
    letGo()
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'shutdown', t2: 'running' })
    expect(endpointsOn(second)).toEqual([])
  })

  test('an agent that comes again has to acknowledge anew', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect.poll(() => endpointsOn(second), SOON).toEqual(['t1'])
    holdUp(second)
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'shutdown' })])
    await expect.poll(() => endpointsOn(first), SOON).toEqual([])
    const again = scene.startAgent('n2')
    const letGo = holdUp(again)
    await expect.poll(() => again.worker.sets, SOON).toBe(1)
    expect(first.worker.desired()).toEqual({ t1: 'running' })
    letGo()
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'shutdown' })
  })

  test('an agent that has left is not waited for', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect.poll(() => endpointsOn(second), SOON).toEqual(['t1'])
    holdUp(second)
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'shutdown' })])
    await expect.poll(() => endpointsOn(first), SOON).toEqual([])
    expect(first.worker.desired()).toEqual({ t1: 'running' })
    void second.session.leave()
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'shutdown' })
  })

  test('after a change of the primary a stop waits for the complete sets', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect.poll(() => endpointsOn(second), SOON).toEqual(['t1'])
    const letGo = holdUp(second)
    scene.manager.stop()
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'shutdown' })])
    await scene.restartManager()
    await expect.poll(() => first.worker.sets, SOON).toBe(2)
    await expect.poll(() => second.worker.sets, SOON).toBe(2)
    expect(first.worker.desired()).toEqual({ t1: 'running' })
    letGo()
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'shutdown' })
  })

  test('a service that is removed is let go of before its tasks are', async () => {
    await scene.state.commit([put('task', running('t1'))])
    const [first, second] = await bothConnected()
    await expect.poll(() => endpointsOn(second), SOON).toEqual(['t1'])
    const letGo = holdUp(second)
    await scene.state.commit([remove('service', scene.state.get('service', 's1')!)])
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'remove' })])
    let isDeparted = false
    const departed = scene.manager.dispatcher.onceDeparted('s1').then(() => (isDeparted = true))
    await expect.poll(() => endpointsOn(first), SOON).toBeUndefined()
    expect(first.worker.desired()).toEqual({ t1: 'running' })
    expect(isDeparted).toBe(false)
    letGo()
    await departed
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'remove' })
  })

  test('a task that nobody connects to is told at once', async () => {
    const [first, second] = await bothConnected()
    holdUp(second)
    await scene.state.commit([put('task', task('t1'))])
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'running' })
    await scene.state.commit([put('task', { ...scene.task('t1'), DesiredState: 'shutdown' })])
    await expect.poll(() => first.worker.desired(), SOON).toEqual({ t1: 'shutdown' })
  })
})
