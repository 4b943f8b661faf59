import type { Static, TSchema } from 'typebox'
import { Check, Errors } from 'typebox/schema'
import { messageOf, ShoalError } from './errors.js'

/**
 * Reads a daemon's configuration: JSON that has to fit `schema`.
 * @param text what the file holds
 * @param path where it stands, for the message
 * @throws ShoalError `invalid-argument` naming the file and the first field that does not fit
 */
export function parseConfig<Schema extends TSchema>(
  schema: Schema,
  text: string,
  path: string,
): Static<Schema> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ShoalError('invalid-argument', `${path}: ${messageOf(error)}`, error)
  }
  if (Check(schema, json)) return json
  const [, [first]] = Errors(schema, json)
  const field = first?.instancePath.slice(1).replaceAll('/', '.')
  throw new ShoalError(
    'invalid-argument',
    `${path}: ${field || 'the configuration'} ${first?.message ?? 'is invalid'}`,
  )
}
