import type { Node, Swarm } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { SceneClient, filters } from './scene-client.js'
import { MANAGER, WORKER } from './api-scene.js'
import { put } from '@shoal/manager/state/index'

const client = SceneClient.forEachTest()

describe('nodes and the swarm', () => {
  const nodeUpdate = async (id: string, changes: object) => {
    const { body } = await client.ask<Node>('GET', `/nodes/${id}`)
    return client.ask('POST', `/nodes/${id}/update?version=${body.Version.Index}`, {
      ...body.Spec,
      ...changes,
    })
  }

  test('nodes are filtered by what they are', async () => {
    const found = async (filter: object): Promise<string[]> =>
      (await client.ask<Node[]>('GET', `/nodes?${filters(filter)}`)).body.map((node) => node.ID)
    expect(await found({ role: ['manager'] })).toEqual([MANAGER])
    expect(await found({ 'node.label': ['zone=east'] })).toEqual([WORKER])
    expect(await found({ membership: ['pending'] })).toEqual([])
    expect((await client.ask('GET', `/nodes?${filters({ role: ['boss'] })}`)).status).toBe(500)
    expect((await client.ask('GET', '/nodes/self')).status).toBe(404)
  })

  test('a node is drained; the last manager stays one, and stays', async () => {
    expect(await nodeUpdate(WORKER, { Availability: 'drain' })).toMatchObject({ status: 200, text: '' })
    expect(client.scene.state.get('node', WORKER)?.Spec.Availability).toBe('drain')
    const demoted = await nodeUpdate(MANAGER, { Role: 'worker' })
    expect(demoted).toMatchObject({ status: 400 })
    expect(demoted.body.message).toMatch(/attempting to demote the last manager/)
    expect(await nodeUpdate(WORKER, { Availability: 'busy' })).toMatchObject({ status: 400 })
    expect((await client.ask('POST', `/nodes/${WORKER}/update?version=0`, {})).status).toBe(500)
    expect((await client.ask('DELETE', `/nodes/${WORKER}`)).status).toBe(400)
    expect((await client.ask('DELETE', `/nodes/${MANAGER}?force=1`)).status).toBe(400)
    expect((await client.ask('DELETE', `/nodes/${WORKER}?force=1`)).status).toBe(200)
    expect((await client.ask('GET', `/nodes/${WORKER}`)).status).toBe(404)
  })

  test('a worker is promoted and demoted again; a manager that is there is not removed, even by force', async () => {
    expect(await nodeUpdate(WORKER, { Role: 'manager' })).toMatchObject({ status: 200 })
    expect(client.scene.state.get('node', WORKER)?.Spec.Role).toBe('manager')
    const removed = await client.ask('DELETE', `/nodes/${MANAGER}?force=1`)
    expect(removed).toMatchObject({ status: 400 })
    expect(removed.body.message).toMatch(/It must be demoted to worker before removal/)
    expect(await nodeUpdate(WORKER, { Role: 'worker' })).toMatchObject({ status: 200 })
  })

  test('of two managers that are demoted at the same time, one stays', async () => {
    await nodeUpdate(WORKER, { Role: 'manager' })
    const record = client.scene.state.get('node', WORKER)
    if (!record) throw new Error('the node is gone')
    const ManagerStatus = { Reachability: 'reachable', Addr: '10.0.0.2:2377' } as const
    await client.scene.state.commit([put('node', { ...record, ManagerStatus })])
    const answers = await Promise.all([MANAGER, WORKER].map((id) => nodeUpdate(id, { Role: 'worker' })))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused).toMatchObject([{ status: 400 }])
  })

  test('the swarm shows its tokens and none of its keys', async () => {
    const answer = await client.ask<Swarm>('GET', '/swarm')
    expect(answer.body.JoinTokens.Worker).toMatch(/^SWMTKN-1-/)
    expect(answer.body.TLSInfo.TrustRoot).toMatch(/BEGIN CERTIFICATE/)
    expect(answer.text).not.toMatch(/PRIVATE KEY|Secret/)
    const info = await client.ask<{ Swarm: { Cluster: Partial<Swarm>; NodeID: string } }>('GET', '/info')
    expect(info.body.Swarm).toMatchObject({
      NodeID: MANAGER,
      LocalNodeState: 'active',
      Nodes: 2,
      Managers: 1,
    })
    expect(info.body.Swarm.Cluster.JoinTokens).toBeUndefined()
    expect(info.text).not.toMatch(/PRIVATE KEY|SWMTKN/)
  })

  test('an update changes what it gives and rotates what it says', async () => {
    const { body: before } = await client.ask<Swarm>('GET', '/swarm')
    const url = `/swarm/update?version=${before.Version.Index}&rotateWorkerToken=true&rotateManagerToken=false`
    expect((await client.ask('POST', url, { Orchestration: { TaskHistoryRetentionLimit: 0 } })).status).toBe(
      200,
    )
    const { body: after } = await client.ask<Swarm>('GET', '/swarm')
    expect(after.Spec).toEqual({ ...before.Spec, Orchestration: { TaskHistoryRetentionLimit: 0 } })
    expect(after.JoinTokens.Worker).not.toBe(before.JoinTokens.Worker)
    expect(after.JoinTokens.Manager).toBe(before.JoinTokens.Manager)
    expect(await client.ask('POST', url, {})).toMatchObject({ status: 500 })
  })

  test.each([
    [{ Name: 'other' }, '', 400, /swarm spec must be named "default"/],
    [{ CAConfig: { NodeCertExpiry: 1000 } }, '', 400, /minimum certificate expiry time is: 1h0m0s/],
    [
      { EncryptionConfig: { AutoLockManagers: true } },
      '',
      501,
      /not implemented: EncryptionConfig.AutoLockManagers/,
    ],
    [{ Raft: { SnapshotInterval: 5 } }, '', 501, /not implemented: Raft/],
    [{ CAConfig: { ForceRotate: 1 } }, '', 501, /rotation of the root certificate/],
    [{}, '&rotateManagerUnlockKey=true', 501, /rotateManagerUnlockKey/],
    [{}, '&rotateWorkerToken=perhaps', 400, /strconv.ParseBool: parsing "perhaps"/],
  ])('%j%s is refused', async (spec, query, status, message) => {
    const before = client.everything()
    const index = client.scene.state.cluster()?.Version.Index
    const answer = await client.ask('POST', `/swarm/update?version=${index}${query}`, spec)
    expect(answer.status).toBe(status)
    expect(answer.body.message).toMatch(message)
    expect(client.everything()).toBe(before)
  })

  test.each(['/swarm/init', '/swarm/join'])('%s: this is a swarm already', async (path) => {
    const { status, body } = await client.ask('POST', path, {})
    expect(status).toBe(503)
    expect(body.message).toMatch(/^This node is already part of a swarm/)
  })

  test('the predefined networks are there, and no secrets', async () => {
    const { body } = await client.ask<object>('GET', '/networks/host?scope=swarm')
    expect(body).toMatchObject({ Name: 'host', Id: 'host', Scope: 'swarm', Driver: 'host' })
    expect((await client.ask<object[]>('GET', '/networks')).body).toHaveLength(4)
    expect((await client.ask<object[]>('GET', `/networks?${filters({ label: ['a'] })}`)).text).toBe('[]\n')
    expect((await client.ask('GET', '/secrets')).text).toBe('[]\n')
    expect((await client.ask('GET', '/configs/x')).status).toBe(404)
  })
})
