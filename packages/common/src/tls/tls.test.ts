import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { messageOf } from '../errors.js'
import { seededRandom } from '../random.js'
import { settle, VirtualClock } from '../virtual-clock.js'
import * as tls from './index.js'
import { fromPem } from './pem.js'

const NOW = Date.UTC(2026, 5, 1)
const HOUR = 3_600_000
const DAY = 24 * HOUR

const order = (changes: Partial<tls.CertificateOrder> = {}): tls.CertificateOrder => ({
  root: tls.createRoot('cluster1', NOW),
  publicKey: tls.createKeyPair().publicKey,
  subject: { nodeId: 'node1', role: 'worker', clusterId: 'cluster1' },
  nowMs: NOW,
  validityMs: 90 * DAY,
  ...changes,
})

describe('a certificate', () => {
  test('given a root, when a key is certified, then the chain, the key and the subject hold', () => {
    const root = tls.createRoot('cluster1', NOW)
    const key = tls.createKeyPair()
    const pem = tls.issueCertificate(order({ root, publicKey: key.publicKey }))
    expect(
      tls.peerOfIdentity({ keyPem: key.keyPem, certificatePem: pem, rootsPem: root.certificatePem }),
    ).toEqual({
      nodeId: 'node1',
      role: 'worker',
      clusterId: 'cluster1',
      notAfterMs: NOW + 90 * DAY,
    })
    expect(tls.certificatesOf(pem)).toHaveLength(2)
    expect(tls.clusterIdOfRoot(root.certificatePem)).toBe('cluster1')
    expect(tls.validityOf(new X509Certificate(pem))).toEqual({
      notBeforeMs: NOW - HOUR,
      notAfterMs: NOW + 90 * DAY,
    })
  })

  test('given a manager, then its names are in the certificate and it may be a server', () => {
    const names = tls.managerNames('host1', '10.0.0.1', 'fe80::1%eth0', '::ffff:1.2.3.4', 'localhost')
    const certificate = new X509Certificate(
      tls.issueCertificate(
        order({ subject: { nodeId: 'm', role: 'manager', clusterId: 'cluster1' }, names }),
      ),
    )
    for (const host of ['localhost', 'host1', tls.MANAGER_NAME])
      expect(certificate.checkHost(host)).toBe(host)
    for (const ip of ['127.0.0.1', '::1', '10.0.0.1', 'fe80::1', '::ffff:102:304']) {
      expect(certificate.checkIP(ip)).toBe(ip)
    }
    expect(certificate.checkIP('10.0.0.2')).toBeUndefined()
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
  })

  test.each(['worker', 'client'] as const)(
    'given a %s, then it may be a client only and has no names',
    (role) => {
      const subject = { nodeId: 'x', role, clusterId: 'cluster1' }
      const certificate = new X509Certificate(tls.issueCertificate(order({ subject, names: ['localhost'] })))
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
      expect(certificate.subjectAltName).toBeUndefined()
      expect(certificate.ca).toBe(false)
    },
  )

  test('given the same key, then every certificate has another serial number; it never outlives the root', () => {
    const root = tls.createRoot('cluster1', NOW)
    const { publicKey } = tls.createKeyPair()
    const one = new X509Certificate(tls.issueCertificate(order({ root, publicKey })))
    const two = new X509Certificate(tls.issueCertificate(order({ root, publicKey, nowMs: NOW + 1 })))
    const long = new X509Certificate(
      tls.issueCertificate(order({ root, publicKey, validityMs: 40 * 365 * DAY })),
    )
    expect(one.serialNumber).not.toBe(two.serialNumber)
    expect(tls.validityOf(long).notAfterMs).toBe(
      tls.validityOf(new X509Certificate(root.certificatePem)).notAfterMs,
    )
  })

  test('given an end after 2049, then the date is written in its longer form and read back', () => {
    const root = tls.createRoot('cluster1', Date.UTC(2045, 0, 1))
    const { notAfterMs } = tls.validityOf(new X509Certificate(root.certificatePem))
    expect(new Date(notAfterMs).getUTCFullYear()).toBe(2064)
  })

  test('given another root of the same name, or another key, then the identity is refused', () => {
    const key = tls.createKeyPair()
    const one = order({ publicKey: key.publicKey })
    const identity: tls.Identity = {
      keyPem: key.keyPem,
      certificatePem: tls.issueCertificate(one),
      rootsPem: one.root.certificatePem,
    }
    const stranger = tls.createRoot('cluster1', NOW).certificatePem
    expect(() => tls.peerOfIdentity({ ...identity, rootsPem: stranger })).toThrow('not signed by the cluster')
    expect(() => tls.peerOfIdentity({ ...identity, keyPem: tls.createKeyPair().keyPem })).toThrow(
      'does not belong',
    )
    expect(tls.peerOfIdentity({ ...identity, rootsPem: stranger + one.root.certificatePem }).nodeId).toBe(
      'node1',
    )
  })

  test('given a root, then TLSInfo carries its subject and key as the Engine API does', () => {
    const { certificatePem } = tls.createRoot('cluster1', NOW)
    const info = tls.tlsInfo(certificatePem)
    const spki = createPublicKey({
      key: Buffer.from(info.CertIssuerPublicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
    expect(spki.equals(new X509Certificate(certificatePem).publicKey)).toBe(true)
    expect(Buffer.from(info.CertIssuerSubject, 'base64').toString('latin1')).toContain('shoal-ca')
    expect(info.TrustRoot).toBe(certificatePem)
  })

  test('given a certificate whose subject is no node of ours, then it is refused', () => {
    const { certificatePem } = tls.createRoot('cluster1', NOW)
    expect(() => tls.readSubject(certificatePem)).toThrow('names no node')
    expect(() => tls.readSubject('nonsense')).toThrow('invalid certificate')
  })
})

describe('the check of a server', () => {
  const serverOf = (role: tls.CertificateRole, clusterId: string) =>
    tls.parseCertificate(tls.issueCertificate(order({ subject: { nodeId: 'n', role, clusterId } })))
  const check = tls.requireManager('cluster1')

  test('a manager of the cluster passes, whatever the host is', () => {
    expect(check('192.0.2.1', serverOf('manager', 'cluster1'))).toBeUndefined()
  })
  test.each([
    ['worker', 'cluster1', 'not a manager'],
    ['client', 'cluster1', 'not a manager'],
    ['manager', 'cluster2', 'of another cluster'],
  ] as const)('a %s of %s is refused', (role, clusterId, reason) => {
    expect(check('localhost', serverOf(role, clusterId))?.message).toContain(reason)
  })
})

describe('a certificate request', () => {
  test('given a request, then the key and the names come out of it', () => {
    const key = tls.createKeyPair()
    const request = tls.verifyCertificateRequest(
      tls.createCertificateRequest(key, ['host1', '10.0.0.1', '2001:db8::1']),
    )
    expect(request.publicKey.equals(key.publicKey)).toBe(true)
    expect(request.names).toEqual(['host1', '10.0.0.1', '2001:db8::1'])
    expect(tls.verifyCertificateRequest(tls.createCertificateRequest(key)).names).toEqual([])
  })

  test('given a request with any one of its bytes changed, then it is refused or asks for just the same', () => {
    const key = tls.createKeyPair()
    const [der = Buffer.of()] = fromPem('CERTIFICATE REQUEST', tls.createCertificateRequest(key, ['host1']))
    const outcomes = [...der.keys()].map((position) => {
      const tampered = Buffer.from(der)
      tampered[position] = (tampered[position] ?? 0) ^ 0x01
      try {
        const { publicKey, names } = tls.verifyCertificateRequest(tls.toPem('CERTIFICATE REQUEST', tampered))
        return publicKey.equals(key.publicKey) ? names.join() : 'another key'
      } catch (error) {
        return messageOf(error)
      }
    })
    expect(new Set(outcomes)).toEqual(new Set(['invalid certificate request', 'host1']))
    // What is not signed is but the outermost tag and the frames of the signature.
    expect(outcomes.filter((outcome) => outcome === 'host1').length).toBeLessThan(10)
  })

  test.each([
    ['nothing', ''],
    ['no request', tls.createRoot('c', NOW).certificatePem],
    [
      'something endless',
      `-----BEGIN CERTIFICATE REQUEST-----${'A'.repeat(20_000)}-----END CERTIFICATE REQUEST-----`,
    ],
    ['something deep', tls.toPem('CERTIFICATE REQUEST', Buffer.from('30800000'.repeat(2000), 'hex'))],
  ])('given %s, then it is refused', (_what, pem) => {
    expect(() => tls.verifyCertificateRequest(pem)).toThrow('invalid certificate request')
  })

  test('given a key on another curve, then it is refused', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const key = tls.keyPairOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    expect(() => tls.verifyCertificateRequest(tls.createCertificateRequest(key))).toThrow(
      'invalid certificate request',
    )
  })
})

describe('a join token', () => {
  test('given a root, then its digest is the SHA-256 of the DER in 50 digits of base 36', () => {
    const { certificatePem } = tls.createRoot('cluster1', NOW)
    const digest = tls.digestOfRoot(certificatePem)
    const hex = createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex')
    expect(digest).toMatch(/^[0-9a-z]{50}$/)
    expect(tls.hexOfDigest(digest)).toBe(hex)
  })

  test('given a token, then it is parsed into what it was formatted from', () => {
    const token = { digest: '0'.repeat(49) + 'z', secret: 'a'.repeat(25) }
    expect(tls.formatJoinToken(token)).toBe(`SWMTKN-1-${token.digest}-${token.secret}`)
    expect(tls.parseJoinToken(`${tls.formatJoinToken(token)}\n`)).toEqual(token)
  })

  test.each([
    '',
    'SWMTKN-1-x-y',
    `SWMTKN-2-${'0'.repeat(50)}-${'0'.repeat(25)}`,
    `SWMTKN-1-${'0'.repeat(50)}-${'0'.repeat(26)}`,
  ])('given %j, then it is refused in the words of Docker', (text) => {
    expect(() => tls.parseJoinToken(text)).toThrow('invalid join token')
  })

  test('secrets are compared whole', () => {
    expect(tls.secretsEqual('abc', 'abc')).toBe(true)
    expect(tls.secretsEqual('abc', 'abd')).toBe(false)
    expect(tls.secretsEqual('abc', 'abcd')).toBe(false)
  })
})

describe('the files of an identity', () => {
  const one: tls.Identity = { keyPem: 'key 1', certificatePem: 'cert 1', rootsPem: 'ca 1' }
  const two: tls.Identity = { keyPem: 'key 2', certificatePem: 'cert 2', rootsPem: 'ca 2' }
  let directory = ''
  beforeEach(async () => {
    directory = join(await fs.mkdtemp(join(tmpdir(), 'shoal-tls-')), 'tls')
  })
  afterEach(() => fs.rm(join(directory, '..'), { recursive: true, force: true }))

  test('given an empty folder, then there is none; when saved, then it is read back and only the owner reads the key', async () => {
    expect(await tls.loadIdentity(fs, directory)).toBeUndefined()
    await tls.saveIdentity(fs, directory, one)
    await tls.saveIdentity(fs, directory, two)
    expect(await tls.loadIdentity(fs, directory)).toEqual(two)
    expect((await fs.stat(join(directory, 'key.pem'))).mode & 0o777).toBe(0o600)
    expect((await fs.stat(directory)).mode & 0o777).toBe(0o700)
    expect((await fs.readdir(directory)).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem'])
  })

  test('given a crash at any step of a save, then the old identity or the new one is there, never a mixture', async () => {
    const outcomes = new Set<string>()
    for (let step = 0; step < 40; step++) {
      await tls.saveIdentity(fs, directory, one)
      await tls.saveIdentity(crashingAt(step), directory, two).catch(() => undefined)
      const found = await tls.loadIdentity(fs, directory)
      expect([one, two], `step ${step}`).toContainEqual(found)
      outcomes.add(found?.keyPem ?? 'none')
    }
    expect(outcomes).toEqual(new Set(['key 1', 'key 2']))
  })

  /** A file system that fails for good at its `step`-th call. */
  function crashingAt(step: number): tls.IdentityFileSystem {
    let calls = 0
    return new Proxy(fs, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return (...parameters: unknown[]): unknown => {
          if (calls++ >= step) throw new Error('crash')
          return Reflect.apply(method, target, parameters)
        }
      },
    })
  }
})

describe('renewal', () => {
  const certificate = tls.issueCertificate(order({ validityMs: 100 * DAY }))

  test('given a certificate, then it is renewed at a random point between 50 and 80 % of its life', () => {
    expect(tls.renewalTime(certificate, { next: () => 0 })).toBe(NOW + 50 * DAY)
    expect(tls.renewalTime(certificate, { next: () => 0.999 })).toBeCloseTo(NOW + 79.97 * DAY, -3)
  })

  test('given a renewal that fails twice, then it is tried again, and the next one waits for the new certificate', async () => {
    const clock = new VirtualClock(NOW)
    const attempts: number[] = []
    const failures: unknown[] = []
    let current = certificate
    const ended = new AbortController()
    const running = tls.keepRenewed(
      {
        clock,
        random: seededRandom(1),
        certificate: () => current,
        renew: async () => {
          attempts.push(clock.now())
          if (attempts.length <= 2) throw new Error('no manager')
          current = tls.issueCertificate(order({ nowMs: clock.now(), validityMs: 100 * DAY }))
        },
        onFailure: (error) => failures.push(error),
      },
      ended.signal,
    )
    await clock.advanceAsync(85 * DAY)
    expect(attempts).toHaveLength(3)
    expect(failures).toHaveLength(2)
    expect(attempts[0]).toBeGreaterThanOrEqual(NOW + 50 * DAY)
    expect(attempts[2]).toBeLessThanOrEqual(NOW + 80 * DAY + 20_000)
    await clock.advanceAsync(85 * DAY)
    expect(attempts.length).toBeGreaterThan(3)
    ended.abort()
    await settle()
    await running
    expect(clock.nextTimerAt()).toBeUndefined()
  })
})
