import { ShoalError } from '@shoal/common'
import type { FastifyRequest } from 'fastify'

/** One parameter of the query; empty when it is absent, the first when it is given twice. */
export function queryText(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name]
  const first: unknown = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : ''
}

/** Docker's generous boolean (`force`, `follow`): false only for a few words. */
export function looseBoolean(request: FastifyRequest, name: string): boolean {
  return !['', '0', 'no', 'false', 'none'].includes(queryText(request, name).trim().toLowerCase())
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['', '0', 'f', 'F', 'false', 'FALSE', 'False'])

/** Go's strict boolean (`status`, `insertDefaults`, `rotate…`). @throws ShoalError `invalid-argument` for other words */
export function strictBoolean(request: FastifyRequest, name: string): boolean {
  const text = queryText(request, name)
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new ShoalError(
    'invalid-argument',
    `invalid value for ${name}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}

/** The version that an update was decided on. @throws ShoalError `invalid-argument` when it is missing or no number */
export function versionIndex(
  request: FastifyRequest,
  kind: 'service' | 'node' | 'swarm' | 'secret' | 'config',
): number {
  const text = queryText(request, 'version')
  if (/^\d{1,20}$/.test(text)) return Number(text)
  throw new ShoalError(
    'invalid-argument',
    `invalid ${kind} version '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}

/** The `{id}` of the path. */
export function pathId(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}
