import { ShoalError } from '@shoal/common'
import { parseBody } from '@shoal/engine-api'
import type { FastifyRequest } from 'fastify'

/**
 * The JSON of a request's body; an empty body is an empty object.
 * @throws ShoalError `invalid-argument` for another content type, InvalidDocument for what is no JSON
 */
export function readJson(request: FastifyRequest): unknown {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  checkContentType(request.headers['content-type'] ?? '', body.length)
  return parseBody(body.toString('utf8'))
}

function checkContentType(header: string, length: number): void {
  if (header === '' && length === 0) return
  const [type = ''] = header.split(';')
  if (type.trim().toLowerCase() === 'application/json') return
  throw new ShoalError(
    'invalid-argument',
    `unsupported Content-Type header (${header}): must be 'application/json'`,
  )
}
