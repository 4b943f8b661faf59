import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { swarmError } from '../api/errors.js'
import { DECLINED } from './headers.js'

/** Nothing was done. */
export const NO_PRIMARY = swarmError(
  'unavailable',
  'there is no primary manager at present: one takes over as soon as it can, try again',
).message

/** Whoever tries again blindly may do it twice. */
export const UNKNOWN = swarmError(
  'unavailable',
  'the primary manager was lost before it answered: this may or may not have been done, look before you try again',
).message

const bodyOf = (message: string): string => `${JSON.stringify({ message })}\n`

/** @param isDeclined another manager has passed the request on: it may look for the next primary */
export function refuse(response: ServerResponse, message: string, isDeclined = false): void {
  const body = bodyOf(message)
  response.writeHead(503, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(isDeclined && { [DECLINED]: 'yes' }),
  })
  response.end(body)
}

/** The same on a connection that was to be upgraded. */
export function refuseRaw(client: Duplex, message: string): void {
  const body = bodyOf(message)
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  client.end(`HTTP/1.1 503 Service Unavailable\r\n${head}\r\n\r\n${body}`)
}
