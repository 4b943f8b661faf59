import { systemClock, systemRandom } from '@shoal/common'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueClient, newClusterRecord, provisionAgent, provisionManager } from '@shoal/manager/ca/index'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aClusterWithApi, MANAGER, WORKER, type ApiScene } from './api-scene.js'

interface Identity {
  readonly keyPem: string
  readonly certificatePem: string
}

/** How a TLS server hangs up on a certificate, as the client may come to see it. */
const REFUSED = /alert (certificate required|unknown ca)|ECONNRESET|EPIPE|socket hang up/i

let scene: ApiScene
let port: number
let rootsPem: string

const cluster = () => {
  const record = scene.state.cluster()
  if (!record) throw new Error('the scene has no cluster')
  return record
}

beforeAll(async () => {
  scene = await aClusterWithApi()
  const manager = provisionManager(cluster(), MANAGER, ['127.0.0.1'], systemClock.now())
  rootsPem = manager.rootsPem
  const server = scene.server({
    key: manager.keyPem,
    cert: manager.certificatePem,
    ca: rootsPem,
    requestCert: true,
    rejectUnauthorized: true,
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  port = (server.server.address() as AddressInfo).port
})
afterAll(() => scene.end())

/** The status and body of a GET with this certificate. */
function ping(identity?: Identity, path = '/_ping'): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        ca: rootsPem,
        agent: false,
        ...(identity && { key: identity.keyPem, cert: identity.certificatePem }),
      },
      (response) => {
        let body = ''
        response.on('data', (chunk) => (body += String(chunk)))
        response.on('end', () => resolve({ status: response.statusCode, body }))
      },
    )
    call.on('error', reject)
    call.end()
  })
}

describe('over HTTPS', () => {
  test('a client and a manager are let in', async () => {
    const now = systemClock.now()
    expect(await ping(issueClient(cluster(), 'admin', now))).toEqual({ status: 200, body: 'OK' })
    expect(await ping(provisionManager(cluster(), MANAGER, [], now))).toEqual({ status: 200, body: 'OK' })
  })

  test('a worker’s certificate is of the wrong role', async () => {
    const { status, body } = await ping(provisionAgent(cluster(), WORKER, systemClock.now()))
    expect(status).toBe(403)
    expect(JSON.parse(body)).toEqual({
      message:
        'certificate with role worker may not use the API: it takes a certificate with role client or manager',
    })
  })

  test('a worker gets no backup, which holds the root key, and moves nothing', async () => {
    const worker = provisionAgent(cluster(), WORKER, systemClock.now())
    for (const path of ['/shoal/backup', '/shoal/store', '/v1.41/shoal/backup']) {
      expect(await ping(worker, path)).toMatchObject({ status: 403 })
    }
  })

  test('a manager’s certificate serves only while its node is a manager', async () => {
    const now = systemClock.now()
    const refused = (id: string) => ({
      status: 403,
      body: `${JSON.stringify({ message: `node ${id} is not a manager of this cluster any more` })}\n`,
    })
    expect(await ping(provisionManager(cluster(), WORKER, [], now))).toEqual(refused(WORKER))
    expect(await ping(provisionManager(cluster(), 'removed', [], now))).toEqual(refused('removed'))
  })

  test('without a certificate, or with one of another cluster, there is no connection', async () => {
    const options = { id: 'another', nowMs: systemClock.now(), random: systemRandom }
    const stranger = issueClient(newClusterRecord(options), 'admin', systemClock.now())
    await expect(ping()).rejects.toThrow(REFUSED)
    await expect(ping(stranger)).rejects.toThrow(REFUSED)
  })
})
