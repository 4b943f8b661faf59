import { X509Certificate } from 'node:crypto'
import { seededRandom, silentLogger, systemRandom } from '@shoal/common'
import * as tls from '@shoal/common/tls/index'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LiveState } from '../state/index.js'
import { createTestState, storeRecord } from '../state/testing/index.js'
import * as ca from './index.js'

const DAY = 86_400_000
const ADDRESS = '10.0.0.7'

interface Cluster {
  readonly clock: VirtualClock
  readonly state: LiveState
  readonly authority: ca.CertificateAuthority
  readonly tokens: ReturnType<typeof ca.joinTokens>
}

async function aCluster(): Promise<Cluster> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const state = await createTestState(clock)
  const record = ca.newClusterRecord({ id: 'cluster1', nowMs: clock.now(), random })
  const tokens = ca.joinTokens(await storeRecord(state, 'cluster', record))
  return { clock, state, tokens, authority: new ca.CertificateAuthority({ state, clock, random }) }
}

const aRequest = (...names: string[]): string => tls.createCertificateRequest(tls.createKeyPair(), names)

const orderOf = (token: string, certificateRequest = aRequest()): ca.JoinOrder => ({
  token,
  certificateRequest,
  address: ADDRESS,
})

describe('a new cluster', () => {
  test('has the defaults of Docker and tokens of the form of Swarm', async () => {
    const { state, tokens } = await aCluster()
    const cluster = state.cluster()
    expect(cluster?.Spec.Name).toBe('default')
    expect(cluster?.Spec.CAConfig?.NodeCertExpiry).toBe(7_776_000_000_000_000)
    expect(cluster?.Shoal).toMatchObject({
      DefaultAddrPool: ['10.0.0.0/8'],
      SubnetSize: 24,
      DataPathPort: 4789,
    })
    expect(tokens.Worker).toMatch(/^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/)
    expect(tokens.Worker.slice(0, 59)).toBe(tokens.Manager.slice(0, 59))
    expect(tokens.Worker).not.toBe(tokens.Manager)
  })
})

describe('joining', () => {
  test.each(['worker', 'manager'] as const)(
    'given the token of a %s, then a node of that role exists',
    async (role) => {
      const { authority, clock, state, tokens } = await aCluster()
      const token = role === 'worker' ? tokens.Worker : tokens.Manager
      const joined = await authority.join(orderOf(token, aRequest('host7')))
      expect(tls.readSubject(joined.certificate)).toEqual({
        nodeId: joined.nodeId,
        role,
        clusterId: 'cluster1',
      })
      expect(state.get('node', joined.nodeId)).toMatchObject({
        Spec: { Role: role, Availability: 'active' },
        Status: { State: 'unknown', Addr: ADDRESS },
      })
      const certificate = new X509Certificate(joined.certificate)
      expect(tls.validityOf(certificate).notAfterMs).toBe(clock.now() + 90 * DAY)
      expect(certificate.checkHost('host7')).toBe(role === 'manager' ? 'host7' : undefined)
    },
  )

  test.each([
    ['no token', () => 'nonsense', 'invalid-argument'],
    [
      'a wrong secret',
      ({ Worker }: { Worker: string }) => `${Worker.slice(0, -25)}${'0'.repeat(25)}`,
      'unauthenticated',
    ],
    [
      'the secret with the digest of another cluster',
      ({ Worker }: { Worker: string }) => `SWMTKN-1-${'0'.repeat(50)}-${Worker.slice(-25)}`,
      'unauthenticated',
    ],
  ])('given %s, then it is refused and no node exists', async (_what, tokenOf, code) => {
    const { authority, state, tokens } = await aCluster()
    const refused = authority.join(orderOf(tokenOf(tokens)))
    await expect(refused).rejects.toMatchObject({
      code,
      message: expect.stringContaining('invalid join token'),
    })
    expect(state.count('node')).toBe(0)
  })

  test('given a store that serves one manager, then the token of managers is refused and no node exists', async () => {
    const { clock, state, tokens } = await aCluster()
    const parts = { state, clock, random: seededRandom(1), refuseManagers: 'one manager only' }
    const authority = new ca.CertificateAuthority(parts)
    await expect(authority.join(orderOf(tokens.Manager))).rejects.toMatchObject({
      code: 'failed-precondition',
      message: 'one manager only',
    })
    expect(state.count('node')).toBe(0)
    expect((await authority.join(orderOf(tokens.Worker))).role).toBe('worker')
  })

  test('given a request that was tampered with, then it is refused and no node exists', async () => {
    const { authority, state, tokens } = await aCluster()
    const request = aRequest()
    const tampered = request.replace(/A(?=[^]{20,}$)/, 'B')
    await expect(authority.join(orderOf(tokens.Worker, tampered))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    expect(state.count('node')).toBe(0)
  })

  test('given a rotated token, then the old one admits nobody, the new one does, the other role keeps its own', async () => {
    const { authority, state, tokens } = await aCluster()
    const cluster = state.cluster()
    if (cluster === undefined) throw new Error('no cluster')
    const rotated = ca.joinTokens(
      await storeRecord(state, 'cluster', ca.rotateJoinToken(cluster, 'worker', systemRandom)),
    )
    await expect(authority.join(orderOf(tokens.Worker))).rejects.toMatchObject({ code: 'unauthenticated' })
    expect((await authority.join(orderOf(rotated.Worker))).role).toBe('worker')
    expect(rotated.Manager).toBe(tokens.Manager)
  })
})

describe('renewing', () => {
  test('given a member, then it gets another certificate of the same node and role, with another validity', async () => {
    const { authority, clock, tokens } = await aCluster()
    const joined = await authority.join(orderOf(tokens.Worker))
    const peer = tls.peerOfCertificate(tls.parseCertificate(joined.certificate))
    clock.advance(50 * DAY)
    const renewed = authority.renew(peer, aRequest())
    expect(tls.peerOfCertificate(tls.parseCertificate(renewed.certificate))).toEqual({
      ...peer,
      notAfterMs: clock.now() + 90 * DAY,
    })
  })

  test('given a removed node, an expired certificate, another cluster or a client, then it is refused', async () => {
    const { authority, clock, state, tokens } = await aCluster()
    const { certificate, nodeId } = await authority.join(orderOf(tokens.Worker))
    const peer = tls.peerOfCertificate(tls.parseCertificate(certificate))
    const stranger = 'node is not part of this cluster'
    expect(() => authority.renew({ ...peer, clusterId: 'cluster2' }, aRequest())).toThrow(stranger)
    expect(() => authority.renew({ ...peer, role: 'client' }, aRequest())).toThrow(stranger)
    expect(() => authority.renew({ ...peer, notAfterMs: clock.now() }, aRequest())).toThrow('has expired')
    const record = state.get('node', nodeId)
    if (record === undefined) throw new Error('no node')
    await state.commit([{ type: 'delete', kind: 'node', record }])
    expect(() => authority.renew(peer, aRequest())).toThrow(stranger)
  })

  test('given roles that have changed since, then a renewal takes rights away but gives none', async () => {
    const { authority, state, tokens } = await aCluster()
    const roleAfter = async (token: string, role: string): Promise<string> => {
      const joined = await authority.join(orderOf(token))
      const record = state.get('node', joined.nodeId)
      if (record === undefined) throw new Error('no node')
      await storeRecord(state, 'node', { ...record, Spec: { ...record.Spec, Role: role } })
      const peer = tls.peerOfCertificate(tls.parseCertificate(joined.certificate))
      return tls.readSubject(authority.renew(peer, aRequest()).certificate).role
    }
    expect(await roleAfter(tokens.Manager, 'worker')).toBe('worker')
    expect(await roleAfter(tokens.Worker, 'manager')).toBe('worker')
    expect(await roleAfter(tokens.Manager, 'manager')).toBe('manager')
  })
})

describe('the identity of a manager', () => {
  test('is made once, kept over a restart, made anew for other names, and renewed in time', async () => {
    const { clock, state } = await aCluster()
    const directory = await mkdtemp(join(tmpdir(), 'shoal-ca-'))
    const options: ca.ManagerIdentityOptions = {
      directory,
      cluster: () => state.cluster(),
      nodeId: 'manager1',
      names: ['10.0.0.1'],
      clock,
      random: seededRandom(2),
      log: silentLogger,
    }
    try {
      const first = await ca.ManagerIdentity.open(options)
      expect((await ca.ManagerIdentity.open(options)).current).toEqual(first.current)
      const moved = await ca.ManagerIdentity.open({ ...options, names: ['10.0.0.2'] })
      expect(new X509Certificate(moved.current.certificatePem).checkIP('10.0.0.2')).toBe('10.0.0.2')

      const seen: tls.Identity[] = []
      moved.onRenewed((identity) => seen.push(identity))
      clock.advance(60 * DAY)
      await moved.renew()
      expect(seen).toEqual([moved.current])
      expect(await readFile(join(directory, 'cert.pem'), 'utf8')).toBe(moved.current.certificatePem)
      expect(tls.peerOfIdentity(moved.current).notAfterMs).toBe(clock.now() + 90 * DAY)

      clock.advance(91 * DAY)
      const late = await ca.ManagerIdentity.open({ ...options, names: ['10.0.0.2'] })
      expect(tls.peerOfIdentity(late.current).notAfterMs).toBe(clock.now() + 90 * DAY)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('gives its own agent no more rights than any agent has, and clients none in the cluster', async () => {
    const { clock, state } = await aCluster()
    const cluster = state.cluster()
    if (cluster === undefined) throw new Error('no cluster')
    expect(tls.peerOfIdentity(ca.provisionAgent(cluster, 'manager1', clock.now()))).toMatchObject({
      nodeId: 'manager1',
      role: 'worker',
    })
    expect(tls.peerOfIdentity(ca.issueClient(cluster, 'admin', clock.now()))).toMatchObject({
      role: 'client',
    })
  })
})
