import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { connectivityState, credentials, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import { type DispatcherHandlers, wire } from '@shoal/proto'
import { afterEach, expect, test, vi } from 'vitest'
import { SESSION_CHANNEL_OPTIONS } from './channel-options.js'

const servers: Server[] = []

afterEach(() => {
  vi.useRealTimers()
  for (const server of servers.splice(0)) server.close()
})

/** Hears of who connects, on a port where nobody was listening a moment ago. */
async function listen(port: number): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket: Socket) => socket.destroy())
  servers.push(server)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function freePort(): Promise<number> {
  const { server, port } = await listen(0)
  await once(server.close(), 'close')
  return port
}

/** Calls where nobody listens, and hangs up when it fails. */
async function callInVain(port: number, options: object): Promise<unknown> {
  const client = new wire.Dispatcher(`127.0.0.1:${port}`, credentials.createInsecure(), options)
  const call = client.session()
  const [error] = await once(call, 'error')
  call.cancel()
  client.close()
  return error
}

test('a channel that was closed after a call in vain does not connect later, as one of grpc-js by itself does', async () => {
  // given two ports without a manager
  const [ours, theirs] = [await freePort(), await freePort()]
  const grpcOwn = { 'grpc.use_local_subchannel_pool': 1, 'grpc.initial_reconnect_backoff_ms': 300 }
  // when an agent, and a client that leaves it to grpc-js, have called and hung up, and managers start
  const options = { ...SESSION_CHANNEL_OPTIONS, 'grpc.initial_reconnect_backoff_ms': 100 }
  const error = await callInVain(ours, options)
  await callInVain(theirs, grpcOwn)
  let connections = 0
  const { server } = await listen(ours)
  server.on('connection', () => connections++)
  await once((await listen(theirs)).server, 'connection')
  // then only the other one has come back, for nobody
  expect(connections).toBe(0)
  expect(error).toMatchObject({ code: 14, details: expect.stringContaining('ECONNREFUSED') })
})

test('a connection that is in use is kept when grpc-js looks for those that nobody holds', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  // given a session
  const manager = new GrpcServer()
  const echo: DispatcherHandlers['Session'] = (call) =>
    void call.on('data', () => call.write({ heartbeat: {} }))
  manager.addService(wire.Dispatcher.service, { Session: echo, Relay: echo })
  const port = await new Promise<number>((resolve) =>
    manager.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound)),
  )
  const client = new wire.Dispatcher(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    SESSION_CHANNEL_OPTIONS,
  )
  const call = client.session().on('error', () => undefined)
  call.write({ heartbeat: {} })
  await once(call, 'data')
  // when it has looked, as it does every ten seconds
  vi.advanceTimersByTime(60_000)
  await new Promise((resolve) => setImmediate(resolve))
  // then the connection goes on
  expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.READY)
  client.close()
  manager.forceShutdown()
})
