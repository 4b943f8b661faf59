// The demo service: tells who answered, and who asked. `/` is a page, `/json` the same as JSON, `/healthz` its
// health; a datagram to the same port is answered with the same JSON. `server.mjs check` asks for the health.
import { createSocket } from 'node:dgram'
import { createServer, get } from 'node:http'
import { Server as Listener } from 'node:net'
import { hostname } from 'node:os'

const PORT = 8080
/** After SIGTERM, connections that nobody uses are kept open for so long. */
const IDLE_GRACE_MS = 2_000

if (process.argv[2] === 'check') {
  // Not by fetch: a probe runs every few seconds in every container, and this one costs a fraction.
  const status = await new Promise((resolve) => {
    get({ host: '127.0.0.1', port: PORT, path: '/healthz' }, (answer) => resolve(answer.statusCode)).on(
      'error',
      () => resolve(0),
    )
  })
  process.exit(status === 200 ? 0 : 1)
}

const VERSION = process.env.DEMO_VERSION ?? '1'
const startedAt = new Date()
let requests = 0
let leaving = false

const facts = (address, port) => ({
  service: process.env.SERVICE ?? '',
  task: process.env.TASK ?? '',
  container: hostname(),
  version: VERSION,
  // Without the prefix of an IPv4 address on an IPv6 socket.
  client: address.replace(/^::ffff:/, ''),
  port,
  requests,
  startedAt: startedAt.toISOString(),
})

const page = (
  values,
) => `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Shoal demo</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 34rem; padding: 0 1rem; color: #12303f; background: #f2f8fa }
  h1 { font-size: 1.6rem } dl { display: grid; grid-template-columns: 8rem 1fr; gap: .3rem 1rem } dt { color: #5a7886 } dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
</style>
<h1>It works: version ${VERSION} answers</h1>
<dl>${Object.entries(values)
  .map(([name, value]) => `<dt>${name}<dd>${value}`)
  .join('')}</dl>
`

const server = createServer((request, response) => {
  // Whoever asks is told to come back over another connection: so nobody's next request meets a closed one.
  if (leaving) response.setHeader('Connection', 'close')
  if (request.url === '/healthz') return void response.end('ok\n')
  requests++
  const values = facts(request.socket.remoteAddress ?? '', request.socket.remotePort)
  if (request.url === '/json') {
    response.setHeader('Content-Type', 'application/json')
    return void response.end(`${JSON.stringify(values)}\n`)
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(page(values))
})
// Longer than clients and proxies keep theirs: they close, not we.
server.keepAliveTimeout = 120_000
server.listen(PORT)

const datagrams = createSocket('udp4', (_, { address, port }) => {
  requests++
  datagrams.send(JSON.stringify(facts(address, port)), port, address)
}).bind(PORT)

// What has begun is finished; new connections are refused.
process.on('SIGTERM', () => {
  leaving = true
  // Not http's own close: that one closes idle connections at once, and a request may be on its way to one.
  Listener.prototype.close.call(server, () => process.exit(0))
  setInterval(() => server.closeIdleConnections(), IDLE_GRACE_MS)
})
