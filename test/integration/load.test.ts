import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { drive } from '../bench/load/driver.js'
import { DEFAULT_PLAN } from '../bench/load/plan.js'
import { answeredOf, failedOf, type Report } from '../bench/load/report.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that does with the n-th request (from 0) of a connection what `onRequest` says. @returns its address */
async function serve(onRequest: (socket: Socket, index: number) => void): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let requests = 0
    socket.on('error', () => {})
    socket.setNoDelay()
    socket.on('data', () => onRequest(socket, requests++))
    socket.on('end', () => socket.end())
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answer = (body: string, headers = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`

/** Ten requests of one mode. */
function tenRequests(address: string, mode: 'connect' | 'keepalive', everyMs = 10): Promise<Report> {
  const rates = { connect: 0, keepalive: 0, udp: 0, [mode]: 1000 / everyMs }
  const plan = {
    ...DEFAULT_PLAN,
    addresses: [address],
    rates,
    connections: 1,
    durationMs: 9.5 * everyMs,
    timeoutMs: 300,
  }
  return drive(plan, new AbortController().signal)
}

describe('what counts as answered', () => {
  test('a whole answer with status 200, however it comes; the task and the client are those that it names', async () => {
    const address = await serve((socket) => {
      const whole = answer('{"task":"web.1","client":"192.0.2.7"}')
      socket.write(whole.slice(0, 30))
      setTimeout(() => socket.write(whole.slice(30)), 2)
    })
    for (const mode of ['connect', 'keepalive'] as const) {
      const report = await tenRequests(address, mode)
      expect(failedOf(report)).toBe(0)
      expect(answeredOf(report)).toBeGreaterThan(7)
      expect(report.backends).toEqual({ 'web.1': answeredOf(report) })
      expect(report.clients).toEqual({ '192.0.2.7': answeredOf(report) })
    }
  })

  test('a kept connection that ends between two requests, announced or not, is opened anew', async () => {
    const silent = await serve((socket) => {
      socket.write(answer('ok'))
      setTimeout(() => socket.end(), 2)
    })
    // Far enough apart that on a slow machine, too, none comes just when the connection ends, which is a failure.
    const first = await tenRequests(silent, 'keepalive', 60)
    expect(failedOf(first)).toBe(0)
    expect(first.modes.keepalive!.reopened).toBeGreaterThan(7)
    const announced = await serve((socket) => socket.end(answer('ok', 'Connection: close\r\n')))
    const second = await tenRequests(announced, 'keepalive')
    expect(failedOf(second)).toBe(0)
    expect(answeredOf(second)).toBeGreaterThan(7)
  })
})

test('what was due is counted, also when those before it took long', async () => {
  const address = await serve((socket) => void setTimeout(() => socket.write(answer('ok')), 30))
  for (const mode of ['connect', 'keepalive'] as const)
    expect(answeredOf(await tenRequests(address, mode))).toBeGreaterThan(7)
})

describe('what counts as failed, each once and by its kind', () => {
  const cases: [kind: string, onRequest: (socket: Socket, index: number) => void][] = [
    ['unanswered', (socket) => socket.end()],
    ['cut', (socket) => socket.end(answer('whole').slice(0, -2))],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['bad-answer', (socket) => socket.write(answer('ok').replace('200', '503'))],
    ['timeout', () => {}],
  ]
  for (const [kind, onRequest] of cases) {
    test(`${kind}`, async () => {
      const address = await serve(onRequest)
      const report = await tenRequests(address, 'connect')
      expect(answeredOf(report)).toBe(0)
      expect(report.modes.connect!.failed).toEqual({ [kind]: failedOf(report) })
      expect(failedOf(report)).toBeGreaterThan(7)
      const kept = await tenRequests(address, 'keepalive')
      expect(kept.modes.keepalive).toMatchObject({ answered: 0, reopened: 0 })
      expect(kept.modes.keepalive!.failed[kind as 'cut']).toBeGreaterThan(0)
    })
  }

  test('refused', async () => {
    const address = await serve(() => {})
    servers.pop()!.close()
    expect((await tenRequests(address, 'connect')).modes.connect!.failed).toEqual({
      refused: expect.any(Number),
    })
  })

  test('a request on a kept connection is a failure when the server closes instead of answering it', async () => {
    const address = await serve(
      (socket, index) => void (index < 3 ? socket.write(answer('ok')) : socket.end()),
    )
    const { failed, reopened } = (await tenRequests(address, 'keepalive')).modes.keepalive!
    expect(failed.unanswered).toBeGreaterThan(0)
    expect(reopened).toBe(0)
  })
})
