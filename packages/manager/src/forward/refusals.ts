import type { ServerResponse } from 'node:http'
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

/** HTTP's. */
export const UNAVAILABLE = 503

/** @param isDeclined another manager has passed the request on: it may look for the next primary */
export function refuse(response: ServerResponse, message: string, isDeclined = false): void {
  const body = `${JSON.stringify({ message })}\n`
  response.writeHead(UNAVAILABLE, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(isDeclined && { [DECLINED]: 'yes' }),
  })
  response.end(body)
}
