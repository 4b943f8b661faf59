import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { credentials } from '@grpc/grpc-js'
import { wire } from '@shoal/proto'
import { afterEach, expect, test } from 'vitest'
import { SESSION_CHANNEL_OPTIONS } from './channel-options.js'

const servers: Server[] = []

afterEach(() => {
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
