import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { readEventQuery, type EventQuery, type ClusterEvent } from '../events/index.js'
import type { ApiOptions } from '../options.js'

/** A client that has left this much unread, in bytes, does not read: its stream is ended. */
const LARGEST_BACKLOG_BYTES = 4 * 1024 * 1024

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
    follow(reply.raw, query, options)
  })
}

/** Sends the past that was asked for, then what comes, until the time is over or the client has gone. */
function follow(response: ServerResponse, query: EventQuery, { events, clock, log }: ApiOptions): void {
  const { sinceMs, untilMs } = query
  const send = (event: ClusterEvent): void => {
    if (!query.wants(event)) return
    response.write(`${JSON.stringify(event)}\n`)
    if (response.writableLength > LARGEST_BACKLOG_BYTES) {
      log.warn('a client of the events does not read them: its stream is ended')
      response.destroy()
    }
  }
  if (sinceMs !== undefined) for (const event of events.remembered()) if (isWithin(event, query)) send(event)
  if (untilMs !== undefined && untilMs <= clock.now()) {
    response.end()
    return
  }
  const unsubscribe = events.subscribe(send)
  const cancel =
    untilMs === undefined ? undefined : clock.setTimer(untilMs - clock.now(), () => response.end())
  response.once('close', () => {
    unsubscribe()
    cancel?.()
  })
}

function isWithin({ timeNano }: ClusterEvent, { sinceMs = 0, untilMs = Infinity }: EventQuery): boolean {
  const atMs = timeNano / 1_000_000
  return atMs >= sinceMs && atMs <= untilMs
}
