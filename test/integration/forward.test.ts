import { type Clock, silentLogger, systemClock } from '@shoal/common'
import type { Identity } from '@shoal/common/tls/index'
import { VirtualClock } from '@shoal/common/virtual-clock'
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

const portOf = (server: Server): number => (server.address() as AddressInfo).port
const infoOf = (managerId: string, port: number): ManagerInfo => ({
  managerId,
  address: '',
  apiAddress: `127.0.0.1:${port}`,
})

/** As `kill -9` ends it. @returns where it was */
function kill(server: Server): number {
  const port = portOf(server)
  server.close()
  server.closeAllConnections()
  return port
}

/** The API of a secondary that knows this primary. @param clock what its patience is measured by */
async function aSecondary(primary: Server | undefined, clock: Clock = systemClock) {
  const listeners = new Set<() => void>()
  let leader: ManagerInfo | undefined = primary && infoOf(MANAGER, portOf(primary))
  const directory = {
    leader: () => leader,
    onChange: (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener)),
  }
  const role = new Role()
  const identity = identityOf(SECOND)
  const passOn = new Forwarder({
    managerId: SECOND,
    role,
    directory,
    identity: () => identity,
    clock,
    log: silentLogger,
  })
  const api = createApi({ ...scene.options, passOn })
  await api.listen({ host: '127.0.0.1', port: 0 })
  endings.push(
    () => api.close(),
    () => passOn.close(),
  )
  const elect = (next: ManagerInfo | undefined): void => {
    leader = next
    for (const listener of listeners) listener()
  }
  const isWaited = (): boolean => listeners.size > 0
  const waiting = (): number => listeners.size
  return { port: (api.server.address() as AddressInfo).port, role, passOn, elect, isWaited, waiting }
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

const jsonOf = async (message: IncomingMessage): Promise<unknown> => JSON.parse(await textOf(message))

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

  test('answers by itself who it is, and, after a while, that nobody leads', async () => {
    const clock = new VirtualClock()
    const { port, isWaited } = await aSecondary(undefined, clock)
    expect(await ask({ port, path: '/_ping' })).toMatchObject({ status: 200, text: 'OK' })
    expect((await ask({ port, path: '/info' })).status).toBe(200)
    for (const method of ['GET', 'DELETE']) {
      const { answer } = send({ port, path: '/services/x', method })
      await expect.poll(isWaited).toBe(true)
      clock.advance(6_000)
      const refused = await answer
      expect(refused.statusCode).toBe(503)
      expect(await jsonOf(refused)).toEqual({
        message: expect.stringMatching(/^rpc error: code = Unavailable desc = there is no primary manager/),
      })
    }
  })

  test('refuses with Docker’s headers also where a connection was to be upgraded', async () => {
    const clock = new VirtualClock()
    const { port, waiting } = await aSecondary(undefined, clock)
    const headers = { connection: 'Upgrade', upgrade: 'tcp' }
    const plain = send({ port, path: '/services' })
    const upgrade = send({ port, path: '/exec/1/start', method: 'POST', headers })
    await expect.poll(waiting).toBe(2)
    clock.advance(6_000)
    const [expected, refused] = await Promise.all([plain.answer, upgrade.answer])
    expect(refused.statusCode).toBe(503)
    expect(await jsonOf(refused)).toEqual(await jsonOf(expected))
    for (const name of ['api-version', 'ostype', 'docker-experimental', 'server', 'content-type']) {
      expect(refused.headers[name]).toBe(expected.headers[name])
      expect(refused.headers[name]).toBeDefined()
    }
    expect(refused.headers.date).toMatch(/GMT$/)
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

  test('does not pass on what another manager has passed on', async () => {
    let asked = false
    const primary = await aPrimary((_incoming, response) => {
      asked = true
      response.end()
    })
    const clock = new VirtualClock()
    const { port, isWaited } = await aSecondary(primary, clock)
    const { answer } = send({ port, path: '/services', headers: { 'shoal-passed-on': 'another' } })
    await expect.poll(isWaited).toBe(true)
    clock.advance(2_000)
    const { statusCode, headers } = await answer
    expect(statusCode).toBe(503)
    expect(headers['shoal-declined']).toBe('yes')
    expect(asked).toBe(false)
  })
})

describe('in an election, a secondary', () => {
  const OTHER = 'thirdmanager000000000000'
  const SPEC = JSON.stringify({ Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } } })
  const CREATE = { path: '/services/create', method: 'POST', headers: { 'content-type': 'application/json' } }

  test('sends what could not be sent to the next primary, body and all', async () => {
    const { port, elect, isWaited } = await aSecondary(undefined)
    elect(infoOf(MANAGER, kill(await aPrimary(() => undefined))))
    const { answer } = send({ port, ...CREATE, body: SPEC })
    await expect.poll(isWaited).toBe(true)
    const next = await aPrimary((incoming, response) => {
      void textOf(incoming).then((body) => response.writeHead(201).end(body))
    }, identityOf(OTHER))
    elect(infoOf(OTHER, portOf(next)))
    expect((await answer).statusCode).toBe(201)
    expect(await textOf(await answer)).toBe(SPEC)
  })

  test('that becomes the primary itself serves what could not be sent, body and all', async () => {
    const { port, elect, isWaited, role } = await aSecondary(undefined)
    elect(infoOf(MANAGER, kill(await aPrimary(() => undefined))))
    const { answer } = send({ port, ...CREATE, body: SPEC })
    await expect.poll(isWaited).toBe(true)
    elect(undefined)
    elect(infoOf(SECOND, 1))
    role.set(true)
    expect((await answer).statusCode).toBe(201)
    expect(await ask({ port, path: '/services/web' })).toMatchObject({ status: 200 })
    // An upgrade is an ordinary request to the primary.
    const headers = { connection: 'Upgrade', upgrade: 'h2c' }
    expect((await ask({ port, path: '/_ping', headers })).status).toBe(200)
  })

  test('that becomes the primary serves what was passed on to it', async () => {
    const { port, role, isWaited } = await aSecondary(undefined)
    const { answer } = send({ port, path: '/services', headers: { 'shoal-passed-on': 'another' } })
    await expect.poll(isWaited).toBe(true)
    role.set(true)
    expect((await answer).statusCode).toBe(200)
  })

  test('refuses in time what could not be sent, when nobody takes over', async () => {
    const clock = new VirtualClock()
    const { port, elect, isWaited } = await aSecondary(undefined, clock)
    elect(infoOf(MANAGER, kill(await aPrimary(() => undefined))))
    const { answer } = send({ port, ...CREATE, body: SPEC })
    await expect.poll(isWaited).toBe(true)
    clock.advance(6_000)
    expect((await answer).statusCode).toBe(503)
    expect(await jsonOf(await answer)).toEqual({ message: expect.stringContaining('no primary manager') })
  })

  test.each(['killed', 'standing still'])(
    'asks the next primary when the first was lost: %s',
    async (how) => {
      const first = await aPrimary(() => undefined)
      const { port, elect } = await aSecondary(first)
      const read = send({ port, path: '/services' })
      await once(first, 'request')
      const write = send({ port, ...CREATE, body: SPEC })
      await once(first, 'request')
      const asked: (string | undefined)[] = []
      const next = await aPrimary((incoming, response) => {
        asked.push(incoming.method)
        response.end('[]')
      }, identityOf(OTHER))
      if (how === 'killed') kill(first)
      elect(infoOf(OTHER, portOf(next)))

      expect((await read.answer).statusCode).toBe(200)
      const refused = await write.answer
      expect(refused.statusCode).toBe(503)
      expect(await jsonOf(refused)).toEqual({
        message: expect.stringMatching(/primary manager was lost .* may or may not have been done/),
      })
      expect(asked).toEqual(['GET'])
    },
  )

  test('asks the next one when the manager that was asked leads no more', async () => {
    const first = await aPrimary((_incoming, response) =>
      response.writeHead(503, { 'shoal-declined': 'yes' }).end('{"message":"no primary"}'),
    )
    const { port, elect } = await aSecondary(first)
    const read = send({ port, path: '/services' })
    const write = send({ port, ...CREATE, body: SPEC })
    // What was read of its body is gone: the refusal is handed on, and nothing was done.
    expect((await write.answer).statusCode).toBe(503)
    const next = await aPrimary((_incoming, response) => response.end('[]'), identityOf(OTHER))
    elect(infoOf(OTHER, portOf(next)))
    expect((await read.answer).statusCode).toBe(200)
  })

  test('joins an upgraded connection with the next primary', async () => {
    const { port, elect, isWaited } = await aSecondary(undefined)
    elect(infoOf(MANAGER, kill(await aPrimary(() => undefined))))
    const headers = { connection: 'Upgrade', upgrade: 'tcp' }
    const { call } = send({ port, path: '/exec/1/start', method: 'POST', headers })
    const upgraded = once(call, 'upgrade') as Promise<[IncomingMessage, NodeJS.ReadWriteStream]>
    await expect.poll(isWaited).toBe(true)
    const next = await aPrimary(() => undefined, identityOf(OTHER))
    next.on('upgrade', (_incoming, socket) => {
      socket.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    })
    elect(infoOf(OTHER, portOf(next)))
    expect((await upgraded)[0].statusCode).toBe(101)
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
    expect(await status(worker, { connection: 'Upgrade', upgrade: 'tcp' })).toBe(403)
    expect(asked).toBe(0)
    expect(await status(issueClient(cluster(), 'admin', systemClock.now()))).toBe(200)
    expect(asked).toBe(1)
  })
})
