// The demo service: tells who answered. `/` is a page, `/json` the same as JSON, `/healthz` its health.
import { createServer } from 'node:http'
import { hostname } from 'node:os'

const VERSION = process.env.DEMO_VERSION ?? '1'
const startedAt = new Date()
let requests = 0

const facts = (request) => ({
  service: process.env.SERVICE ?? '',
  task: process.env.TASK ?? '',
  container: hostname(),
  version: VERSION,
  client: request.socket.remoteAddress,
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
  if (request.url === '/healthz') return void response.end('ok\n')
  requests++
  const values = facts(request)
  if (request.url === '/json') {
    response.setHeader('Content-Type', 'application/json')
    return void response.end(`${JSON.stringify(values)}\n`)
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(page(values))
})

server.listen(8080)
// What has begun is finished; new connections are refused.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
