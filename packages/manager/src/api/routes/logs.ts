import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isOlder, requestedVersion } from '../api-version.js'
import { MULTIPLEXED, RAW } from '../containers/index.js'
import { LogStream, type LogSubject, readLogQuery } from '../logs/index.js'
import type { ApiOptions } from '../options.js'
import { findService, findTask } from '../request/lookup.js'
import { pathId } from '../request/query.js'

/** The first version whose answer says whether it has frames. */
const SAYS_FRAMES = '1.42'

export function logRoutes(app: FastifyInstance, api: ApiOptions): void {
  const { state } = api
  app.get('/services/:id/logs', (request, reply) => {
    const service = findService(state, pathId(request))
    const terminal = service.Spec.TaskTemplate?.ContainerSpec?.TTY ?? false
    return stream(request, reply, { serviceId: service.ID, terminal }, api)
  })
  app.get('/tasks/:id/logs', (request, reply) => {
    const task = findTask(state, pathId(request))
    const terminal = state.specOf(task)?.TaskTemplate?.ContainerSpec?.TTY ?? false
    return stream(request, reply, { serviceId: task.ServiceID, taskId: task.ID, terminal }, api)
  })
}

function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  subject: LogSubject,
  api: ApiOptions,
): FastifyReply {
  const query = readLogQuery(request)
  const framed = !subject.terminal && !isOlder(requestedVersion(request.originalUrl), SAYS_FRAMES)
  reply.hijack()
  const headers = { ...reply.getHeaders(), 'content-type': framed ? MULTIPLEXED : RAW }
  reply.raw.writeHead(200, headers as Record<string, string>)
  // Clients of what is followed wait for the head, and the first line may be long in coming.
  reply.raw.flushHeaders()
  new LogStream({ api, subject, query, url: request.originalUrl, response: reply.raw }).start()
  return reply
}
