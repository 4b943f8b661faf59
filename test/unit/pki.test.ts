/** Newcomers, members and impostors at a manager's port, over real TLS: the authority and the agent's identity together. */
import * as fs from 'node:fs/promises'
import * as https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server as TlsServer, type TLSSocket } from 'node:tls'
import { type ChannelCredentials, credentials, Server } from '@grpc/grpc-js'
import { MANAGER_CHANNEL_OPTIONS, obtainIdentity } from '@shoal/agent/identity/index'
import { silentLogger, systemRandom } from '@shoal/common'
import * as tls from '@shoal/common/tls/index'
import { VirtualClock } from '@shoal/common/virtual-clock'
import * as ca from '@shoal/manager/ca/index'
import { type LiveState, remove } from '@shoal/manager/state/index'
import { notPrimary } from '@shoal/manager/dispatcher/index'
import type { ClusterRecord } from '@shoal/manager/state/index'
import { createTestState, storeRecord } from '@shoal/manager/state/testing/index'
import { wire } from '@shoal/proto'
import { fromGrpcError } from '@shoal/proto/status'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { certificateAt, get, selfSigned, signedByMember } from './pki-support.js'

const DAY = 86_400_000
/** How a client learns that TLS has refused it: the alert, or its connection's end, whichever it sees first. */
const REFUSED = /alert|hang up|ECONNRESET|EPIPE/

interface Manager {
  readonly address: string
  readonly port: number
  readonly clock: VirtualClock
  readonly state: LiveState
  readonly identity: ca.ManagerIdentity
}

let directory = ''
let ended = new AbortController()
let cleanups: (() => void)[] = []

beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'shoal-pki-'))
  ended = new AbortController()
})
afterEach(async () => {
  ended.abort()
  for (const cleanup of cleanups) cleanup()
  cleanups = []
  await fs.rm(directory, { recursive: true, force: true })
})

/** A manager's port 2377. TLS compares with the machine's clock, so the virtual one starts near it. */
async function aManager(
  startMs = Date.now(),
  folder = 'manager',
  enrollment: Partial<ca.EnrollmentOptions> = {},
  record?: ClusterRecord,
): Promise<Manager> {
  const clock = new VirtualClock(startMs)
  const state = await createTestState(clock)
  const cluster = record ?? ca.newClusterRecord({ id: 'cluster1', nowMs: startMs, random: systemRandom })
  await storeRecord(state, 'cluster', { ...cluster, Version: { Index: 0 } })
  const identity = await ca.ManagerIdentity.open({
    directory: join(directory, folder),
    cluster: () => state.cluster(),
    nodeId: 'manager1',
    names: [],
    clock,
    random: systemRandom,
    log: silentLogger,
  })
  const authority = new ca.CertificateAuthority({ state, clock, random: systemRandom })
  const server = new Server()
  server.addService(
    wire.Enrollment.service,
    ca.createEnrollmentHandlers({
      authority,
      managers: () => ['the-primary:2377'],
      log: silentLogger,
      ...enrollment,
    }),
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', identity.serverCredentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  cleanups.push(() => server.forceShutdown())
  return { address: `127.0.0.1:${port}`, port, clock, state, identity }
}

function clusterOf(manager: Manager) {
  const cluster = manager.state.cluster()
  if (cluster === undefined) throw new Error('no cluster')
  return cluster
}

function anAgent(manager: Manager, joinToken?: string, address = manager.address, signal = ended.signal) {
  return obtainIdentity({
    directory: join(directory, 'agent'),
    managers: () => [address],
    ...(joinToken === undefined ? {} : { joinToken }),
    clock: manager.clock,
    // The earliest of the possible moments for a renewal: half of the time.
    random: { next: () => 0 },
    log: silentLogger,
    signal,
  })
}

/** What a Renew with these credentials is answered. */
async function renewWith(manager: Manager, channel: ChannelCredentials): Promise<string> {
  const client = new wire.Enrollment(manager.address, channel, {
    ...MANAGER_CHANNEL_OPTIONS,
    'grpc.use_local_subchannel_pool': 1,
  })
  cleanups.push(() => client.close())
  const certificateRequest = tls.createCertificateRequest(tls.createKeyPair())
  return new Promise((resolve) => {
    client.renew({ certificateRequest }, (error) => resolve(error ? fromGrpcError(error).code : 'renewed'))
  })
}

const trusting = (manager: Manager, shown?: tls.Identity): ChannelCredentials =>
  credentials.createSsl(
    Buffer.from(clusterOf(manager).Shoal.RootCertificate),
    shown ? Buffer.from(shown.keyPem) : null,
    shown ? Buffer.from(shown.certificatePem) : null,
    { checkServerIdentity: () => undefined },
  )

describe('a newcomer', () => {
  test('given a token, when it joins, then it is a node, and after a restart it is still the same', async () => {
    const manager = await aManager()
    const { identity, admission } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    expect(admission?.managers).toEqual(['the-primary:2377'])
    expect(manager.state.get('node', identity.nodeId)).toMatchObject({ Status: { Addr: '127.0.0.1' } })
    const restarted = await anAgent(manager)
    expect(restarted.identity.current).toEqual(identity.current)
    expect(restarted.admission).toBeUndefined()
  })

  test('given a manager that is not the primary, then it joins at the one that is named', async () => {
    const primary = await aManager()
    const redirect = () => notPrimary(primary.address)
    const secondary = await aManager(undefined, 'secondary', { redirect }, clusterOf(primary))
    const { Worker } = ca.joinTokens(clusterOf(primary))
    const { identity } = await anAgent(primary, Worker, secondary.address)
    expect(primary.state.get('node', identity.nodeId)).toBeDefined()
    expect(secondary.state.count('node')).toBe(0)
  })

  test('given the token of managers, then it is told how to reach the store, and a worker is not', async () => {
    const managerSetup = { clusterId: 'cluster1', etcdEndpoints: ['https://etcd:2379'], etcdKey: 'secret' }
    const manager = await aManager(undefined, 'manager', { managerSetup })
    const tokens = ca.joinTokens(clusterOf(manager))
    const { admission } = await anAgent(manager, tokens.Manager)
    expect(admission?.managerSetup).toMatchObject(managerSetup)
    await fs.rm(join(directory, 'agent'), { recursive: true })
    expect((await anAgent(manager, tokens.Worker)).admission?.managerSetup).toBeUndefined()
  })

  test('given a token of another cluster, then it sends no secret and says what it expected', async () => {
    const manager = await aManager()
    const other = ca.newClusterRecord({ id: 'cluster2', nowMs: manager.clock.now(), random: systemRandom })
    const expected = tls.hexOfDigest(tls.digestOfRoot(other.Shoal.RootCertificate))
    await expect(anAgent(manager, ca.joinTokens(other).Worker)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: `remote CA does not match fingerprint. Expected: ${expected}`,
    })
    expect(manager.state.count('node')).toBe(0)
  })

  test('given a token that was rotated away, then it is refused and nothing is stored', async () => {
    const manager = await aManager()
    const before = ca.joinTokens(clusterOf(manager)).Worker
    await storeRecord(
      manager.state,
      'cluster',
      ca.rotateJoinToken(clusterOf(manager), 'worker', systemRandom),
    )
    await expect(anAgent(manager, before)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(anAgent(manager)).rejects.toMatchObject({ code: 'failed-precondition' })
  })

  test('given a worker that plays the manager, then its certificate of the true cluster does not help it', async () => {
    const manager = await aManager()
    const impostor = ca.provisionAgent(clusterOf(manager), 'impostor', manager.clock.now())
    const address = await aTlsServer(impostor)
    const token = ca.joinTokens(clusterOf(manager)).Worker
    await expect(anAgent(manager, token, address)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'the server is not a manager',
    })
  })

  test('given one who shows the true root beneath a certificate of his own, then he is refused', async () => {
    const manager = await aManager()
    const trueRoot = clusterOf(manager).Shoal.RootCertificate
    const own = ca.newClusterRecord({ id: 'cluster1', nowMs: manager.clock.now(), random: systemRandom })
    const identity = ca.provisionManager(own, 'impostor', [], manager.clock.now())
    const [leaf = Buffer.of()] = tls.certificatesOf(identity.certificatePem)
    const address = await aTlsServer({
      ...identity,
      certificatePem: tls.toPem('CERTIFICATE', leaf) + trueRoot,
    })
    await expect(anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker, address)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('given nobody who answers, when it is called off, then it tells the last reason', async () => {
    const manager = await aManager()
    const calledOff = new AbortController()
    const joining = anAgent(
      manager,
      ca.joinTokens(clusterOf(manager)).Worker,
      '127.0.0.1:1',
      calledOff.signal,
    )
    while (manager.clock.nextTimerAt() === undefined) await new Promise(setImmediate)
    await manager.clock.advanceAsync(5_000)
    calledOff.abort()
    await expect(joining).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a member', () => {
  test('given half of its certificate spent, when it renews, then it is the same node with another key, also on disk', async () => {
    // 46 of 90 days ago, so that both certificates hold today.
    const manager = await aManager(Date.now() - 46 * DAY)
    const { identity } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    const before = identity.current
    const renewed = new Promise<tls.Identity>((resolve) => void identity.onRenewed(resolve))
    const running = identity.run()
    manager.clock.advance(45 * DAY - 1)
    expect(identity.current).toBe(before)
    manager.clock.advance(1)
    const now = await renewed
    expect(now.keyPem).not.toBe(before.keyPem)
    expect(tls.readSubject(now.certificatePem)).toEqual(tls.readSubject(before.certificatePem))
    expect((await anAgent(manager)).identity.current).toEqual(now)
    expect(await renewWith(manager, identity.channelCredentials())).toBe('renewed')
    ended.abort()
    await running
  })

  test('given a node that was removed, then its renewal is refused', async () => {
    const manager = await aManager()
    const { identity } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    const record = manager.state.get('node', identity.nodeId)
    if (record === undefined) throw new Error('no node')
    await manager.state.commit([remove('node', record)])
    await expect(identity.renew()).rejects.toMatchObject({ message: 'node is not part of this cluster' })
  })

  test('given an expired certificate on disk, then the agent says since when and what to do', async () => {
    const manager = await aManager()
    const { identity } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    manager.clock.advance(91 * DAY)
    await expect(anAgent(manager)).rejects.toThrow(`certificate of node ${identity.nodeId} expired at`)
  })

  test('given a manager with another root, then the member does not talk to it', async () => {
    const manager = await aManager()
    const { identity } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    const impostor = await aManager(Date.now(), 'impostor')
    const lured = await anAgent(manager, undefined, impostor.address)
    expect(lured.identity.nodeId).toBe(identity.nodeId)
    await expect(lured.identity.renew()).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('port 2377', () => {
  test('given no certificate, or one that does not hold, then only Join answers', async () => {
    const manager = await aManager()
    const cluster = clusterOf(manager)
    const now = manager.clock.now()
    const own = ca.newClusterRecord({ id: 'cluster1', nowMs: now, random: systemRandom })
    await storeRecord(
      manager.state,
      'node',
      ca.newNodeRecord({ id: 'n1', role: 'worker', address: '', nowMs: now }),
    )
    const expired = ca.provisionAgent(cluster, 'n1', now - 91 * DAY)
    const early = ca.provisionAgent(cluster, 'n1', now + DAY)
    expect(await renewWith(manager, trusting(manager))).toBe('unauthenticated')
    expect(await renewWith(manager, trusting(manager, ca.provisionAgent(own, 'n1', now)))).toBe(
      'unauthenticated',
    )
    expect(await renewWith(manager, trusting(manager, expired))).toBe('unauthenticated')
    expect(await renewWith(manager, trusting(manager, early))).toBe('unauthenticated')
    expect(await renewWith(manager, trusting(manager, selfSigned(cluster.ID, now)))).toBe('unauthenticated')
    expect(await renewWith(manager, trusting(manager, signedByMember(cluster, now)))).toBe('unauthenticated')
    expect(await renewWith(manager, trusting(manager, ca.issueClient(cluster, 'n1', now)))).toBe(
      'permission-denied',
    )
    expect(await renewWith(manager, trusting(manager, ca.provisionAgent(cluster, 'n1', now)))).toBe('renewed')
  })

  test('given a session that began without a certificate, then it is not resumed: Node would call it authorised', async () => {
    const { port } = await aManager()
    let session: Buffer | undefined
    for (const attempt of [1, 2]) {
      const socket = connect({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...(session && { session }),
      })
      socket.on('session', (offered) => (session = offered))
      await new Promise((resolve) => socket.once('data', resolve))
      expect({ attempt, reused: socket.isSessionReused() }).toEqual({ attempt, reused: false })
      socket.destroy()
    }
  })

  test('given a renewal of the manager, then connections that are made afterwards see the new certificate', async () => {
    const manager = await aManager()
    const before = (await certificateAt(manager.port)).serialNumber
    manager.clock.advance(1000)
    await manager.identity.renew()
    expect((await certificateAt(manager.port)).serialNumber).not.toBe(before)
    const { identity } = await anAgent(manager, ca.joinTokens(clusterOf(manager)).Worker)
    expect(await renewWith(manager, identity.channelCredentials())).toBe('renewed')
  })
})

describe('HTTPS', () => {
  test('given clients with and without a certificate, then TLS lets in members only, and their role is known', async () => {
    const manager = await aManager()
    const server = https.createServer(manager.identity.httpsOptions(), (request, response) => {
      response.end(ca.peerOfSocket(request.socket as TLSSocket)?.role)
    })
    const port = await listening(server)
    const stop = manager.identity.keepHttpsFresh(server)
    cleanups.push(stop)
    const client = ca.issueClient(clusterOf(manager), 'admin', manager.clock.now())
    expect(await get(port, client)).toBe('client')
    const before = (await certificateAt(port)).serialNumber
    manager.clock.advance(1000)
    await manager.identity.renew()
    expect((await certificateAt(port)).serialNumber).not.toBe(before)
    expect(await get(port, client)).toBe('client')
    await expect(get(port, { rootsPem: client.rootsPem })).rejects.toThrow(REFUSED)
    await expect(get(port, selfSigned('cluster1', manager.clock.now(), client.rootsPem))).rejects.toThrow(
      REFUSED,
    )
  })
})

async function listening(server: TlsServer | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function aTlsServer(identity: tls.Identity): Promise<string> {
  const server = createServer({ key: identity.keyPem, cert: identity.certificatePem, ALPNProtocols: ['h2'] })
  server.on('tlsClientError', () => undefined)
  return `127.0.0.1:${await listening(server)}`
}
