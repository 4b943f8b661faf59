import { createServer, type Server } from 'node:http'
import { messageOf, type Logger } from '@shoal/common'
import type { Registry } from 'prom-client'

/**
 * Serves `GET /metrics` in Prometheus' text format.
 * @returns the server, listening
 */
export function listenForMetrics(
  registry: Registry,
  address: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics\n')
      return
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'the metrics could not be collected')
        response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`)
      },
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => resolve(server))
  })
}
