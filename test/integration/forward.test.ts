import { silentLogger, sleep, systemClock } from '@shoal/common'
import type { Identity } from '@shoal/common/tls/index'
import { once } from 'node:events'
import { request, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer, request as secureRequest, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createApi } from '@shoal/manager/api/index'
import { issueClient, provisionAgent, provisionManager, secureContextOptions } from '@shoal/manager/ca/index'
import { Forwarder } from '@shoal/manager/forward/index'
import type { ManagerInfo } from '@shoal/manager/leader/index'
import { Role } from '@shoal/manager/role'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ApiScene, aClusterWithApi, MANAGER, WORKER } from './api-scene.js'

const SECOND = 'secondmanager00000000000'

let scene: ApiScene
let endings: (() => unknown)[]

beforeEach(async () => {
  scene = await aClusterWithApi()
  endings = [() => scene.end()]
})
afterEach(async () => {
  for (const end of endings.reverse()) await end()
})

const cluster = () => scene.state.cluster()!
const identityOf = (nodeId: string): Identity =>
  provisionManager(cluster(), nodeId, ['127.0.0.1'], systemClock.now())
const tls = (identity: Identity) =>
  ({ ...secureContextOptions(identity), requestCert: true, rejectUnauthorized: true }) as const

/** A server in the primary's place, to see what reaches it. */
async function aPrimary(answer: RequestListener, identity = identityOf(MANAGER)): Promise<Server> {
  const server = createServer(tls(identity), answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return server
}

/** The API of a secondary that knows this primary. */
async function aSecondary(primary: Server | undefined) {
  const listeners = new Set<() => void>()
  let leader: ManagerInfo | undefined = primary && {
    managerId: MANAGER,
    address: '',
    apiAddress: `127.0.0.1:${(primary.address() as AddressInfo).port}`,
  }
  const directory = {
    leader: () => leader,
    untilLeader: async () => leader,
    onChange: (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener)),
  }
  const role = new Role()
  const identity = identityOf(SECOND)
  const passOn = new Forwarder({
    managerId: SECOND,
    role,
    directory,
    identity: () => identity,
    clock: systemClock,
    log: silentLogger,
  })
  const api = createApi({ ...scene.options, passOn })
  await api.listen({ host: '127.0.0.1', port: 0 })
  endings.push(
    () => api.close(),
    () => passOn.close(),
  )
  const elect = (next: ManagerInfo): void => {
    leader = next
    for (const listener of listeners) listener()
  }
  return { port: (api.server.address() as AddressInfo).port, role, passOn, elect }
}

interface Asked {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

function send({ port, path, method = 'GET', headers = {}, body }: Asked) {
  const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false })
  const answer = once(call, 'response').then(([response]) => response as IncomingMessage)
  answer.catch(() => undefined)
  call.end(body)
  return { call, answer }
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of message) text += String(chunk)
  return text
}

async function ask(asked: Asked): Promise<{ status: number | undefined; text: string; headers: object }> {
  const response = await send(asked).answer
  return { status: response.statusCode, text: await textOf(response), headers: response.headers }
}

describe('a secondary', () => {
  test('passes path, method, headers and body on as they are, and the answer back', async () => {
    const primary = await aPrimary((incoming, response) => {
      const seen = { url: incoming.url, method: incoming.method, auth: incoming.headers['x-registry-auth'] }
      response.writeHead(418, { 'x-answer': 'yes', 'content-type': 'application/json' })
      void textOf(incoming).then((body) => response.end(JSON.stringify({ ...seen, body })))
    })
    const { port } = await aSecondary(primary)
    const path = '/v1.41/services/create?q=%20a'
    const answer = await ask({
      port,
      path,
      method: 'POST',
      headers: { 'x-registry-auth': 'abc' },
      body: '{"a":1}',
    })
    expect(answer).toMatchObject({ status: 418, headers: { 'x-answer': 'yes' } })
    expect(JSON.parse(answer.text)).toEqual({ url: path, method: 'POST', auth: 'abc', body: '{"a":1}' })
  })

  test('hands on a stream piece by piece, and its end when the client goes away', async () => {
    let gone = (): void => undefined
    const closed = new Promise<void>((resolve) => (gone = resolve))
    const primary = await aPrimary((_incoming, response) => {
      response.once('close', gone)
      response.writeHead(200)
      response.write('first')
    })
    const { port } = await aSecondary(primary)
    const { call, answer } = send({ port, path: '/containers/x/logs' })
    const [piece] = (await once(await answer, 'data')) as [Buffer]
    expect(piece.toString()).toBe('first')
    call.destroy()
    await closed
  })

  test('joins the ends of an upgraded connection, also what was sent with its first bytes', async () => {
    const primary = await aPrimary((_incoming, response) => response.end())
    primary.on('upgrade', (_incoming, socket, head: Buffer) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
      if (head.length > 0) socket.write(`echo ${head.toString()}`)
      socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`))
      socket.on('end', () => socket.end('bye'))
    })
    const { port } = await aSecondary(primary)
    const headers = { connection: 'Upgrade', upgrade: 'tcp' }
    const { call } = send({ port, path: '/exec/1/start', method: 'POST', headers, body: '{}' })
    const [response, socket] = (await once(call, 'upgrade')) as [IncomingMessage, NodeJS.ReadWriteStream]
    expect(response.statusCode).toBe(101)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write('hello')
    await expect.poll(() => text).toContain('hello')
    socket.end()
    await once(socket, 'end')
    expect(text).toContain('echo ')
    expect(text.endsWith('bye')).toBe(true)
  })

  test('answers by itself who it is, and that nobody leads', async () => {
    const { port } = await aSecondary(undefined)
    expect(await ask({ port, path: '/_ping' })).toMatchObject({ status: 200, text: 'OK' })
    expect((await ask({ port, path: '/info' })).status).toBe(200)
    const refused = await ask({ port, path: '/services' })
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.text)).toEqual({
      message: expect.stringMatching(/^rpc error: code = Unavailable desc = there is no primary manager/),
    })
  })

  test('takes none but a manager for the primary', async () => {
    const asAgent = provisionAgent(cluster(), WORKER, systemClock.now())
    let asked = false
    const impostor = await aPrimary((_incoming, response) => {
      asked = true
      response.end()
    }, asAgent)
    const { port } = await aSecondary(impostor)
    expect((await ask({ port, path: '/services' })).status).toBe(503)
    expect(asked).toBe(false)
  })

  test('takes no other manager for the primary: one that was demoted may still show its certificate', async () => {
    let asked = false
    const impostor = await aPrimary((_incoming, response) => {
      asked = true
      response.end()
    }, identityOf('another'))
    const { port } = await aSecondary(impostor)
    expect((await ask({ port, path: '/services' })).status).toBe(503)
    expect(asked).toBe(false)
  })

  test('gives up a primary that stands still when another leads', async () => {
    const primary = await aPrimary(() => undefined)
    const { port, elect } = await aSecondary(primary)
    const { answer } = send({ port, path: '/services' })
    await once(primary, 'request')
    elect({ managerId: 'third', address: '', apiAddress: '127.0.0.1:1' })
    expect((await answer).statusCode).toBe(503)
  })

  test('does not pass on what another manager has passed on', async () => {
    let asked = false
    const primary = await aPrimary((_incoming, response) => {
      asked = true
      response.end()
    })
    const { port } = await aSecondary(primary)
    const answer = await ask({ port, path: '/services', headers: { 'shoal-passed-on': 'another' } })
    expect(answer.status).toBe(503)
    expect(asked).toBe(false)
  })

  test('that becomes the primary while it is asked serves the request itself', async () => {
    const { port, role } = await aSecondary(undefined)
    const { answer } = send({ port, path: '/services', headers: { 'shoal-passed-on': 'another' } })
    await sleep(systemClock, 50)
    role.set(true)
    expect((await answer).statusCode).toBe(200)
    // An upgrade is an ordinary request to the primary.
    const headers = { connection: 'Upgrade', upgrade: 'h2c' }
    expect((await ask({ port, path: '/_ping', headers })).status).toBe(200)
  })
})

describe('over HTTPS, a secondary', () => {
  test('lets nobody reach the primary who may not use the API', async () => {
    let asked = 0
    const primary = await aPrimary((_incoming, response) => {
      asked++
      response.end()
    })
    const { passOn } = await aSecondary(primary)
    const api = createApi({ ...scene.options, passOn, https: tls(identityOf(SECOND)) })
    await api.listen({ host: '127.0.0.1', port: 0 })
    endings.push(() => api.close())
    const { port } = api.server.address() as AddressInfo
    const status = async ({ keyPem: key, certificatePem: cert, rootsPem: ca }: Identity, headers = {}) => {
      const call = secureRequest({
        host: '127.0.0.1',
        port,
        path: '/services',
        key,
        cert,
        ca,
        headers,
        agent: false,
      }).end()
      return new Promise((resolve) => {
        call.once('response', (response) => resolve(response.statusCode))
        call.once('error', () => resolve('hung up'))
      })
    }
    const worker = provisionAgent(cluster(), WORKER, systemClock.now())
    expect(await status(worker)).toBe(403)
    expect(await status(worker, { connection: 'Upgrade', upgrade: 'tcp' })).toBe('hung up')
    expect(asked).toBe(0)
    expect(await status(issueClient(cluster(), 'admin', systemClock.now()))).toBe(200)
    expect(asked).toBe(1)
  })
})
