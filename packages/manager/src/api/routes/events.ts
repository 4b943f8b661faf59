import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { EventStream, readEventQuery } from '../events/index.js'
import type { ApiOptions } from '../options.js'

export function eventRoutes(app: FastifyInstance, options: ApiOptions): void {
  const open = new Set<ServerResponse>()
  app.addHook('preClose', async () => {
    for (const response of open) response.end()
  })
  app.get('/events', (request, reply) => {
    const query = readEventQuery(request)
    reply.hijack()
    const headers = { ...reply.getHeaders(), 'content-type': 'application/json' }
    reply.raw.writeHead(200, headers as Record<string, string>)
    // Docker's clients wait for the headers before they act on what they are to hear of.
    reply.raw.flushHeaders()
    open.add(reply.raw)
    reply.raw.once('close', () => open.delete(reply.raw))
    // Two managers that take each other for the primary would ask each other for ever.
    const asksPrimary = options.passOn?.isPassedOn(request.raw) === false
    new EventStream(reply.raw, { ...query, asksPrimary }, options).start()
  })
}
