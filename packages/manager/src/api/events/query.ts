import { ShoalError } from '@shoal/common'
import type { FastifyRequest } from 'fastify'
import { type Filters, readFilters } from '../request/filters.js'
import { queryText } from '../request/query.js'
import { isToldByState } from './engine-event.js'
import type { ClusterEvent } from './event.js'

const FILTERS = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
]
/** Filters by an object's ID or name, and the type of event that each of them means. */
const OBJECTS = ['config', 'container', 'image', 'network', 'node', 'plugin', 'secret', 'service', 'volume']

/** Every kind of event is a word; an agent takes no others. */
const KIND = /^[a-z_-]{1,32}$/

/** What a client wants to hear. Times are milliseconds since the epoch. */
export interface EventQuery {
  /** Undefined: nothing of the past. */
  readonly sinceMs: number | undefined
  /** Undefined: without end. */
  readonly untilMs: number | undefined
  wants(event: ClusterEvent): boolean
  /** Which kinds of events the engines are asked for: empty for all of them, undefined for none. */
  readonly engineEvents: readonly string[] | undefined
  /** As the client gave them. */
  readonly filters: string
}

/** @throws ShoalError `invalid-argument` for malformed times and unknown filters */
export function readEventQuery(request: FastifyRequest): EventQuery {
  const sinceMs = readTime(queryText(request, 'since'))
  const untilMs = readTime(queryText(request, 'until'))
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs > untilMs) {
    throw new ShoalError(
      'invalid-argument',
      `since time (${sinceMs / 1000}) cannot be after until time (${untilMs / 1000})`,
    )
  }
  const filters = readFilters(request, FILTERS)
  return {
    engineEvents: engineEvents(filters),
    filters: queryText(request, 'filters'),
    sinceMs,
    untilMs,
    wants: (event) =>
      filters.some('type', (type) => type === event.Type) &&
      filters.some('event', (action) => isOrSpecifies(event.Action, action)) &&
      filters.some('scope', (scope) => scope === event.scope) &&
      filters.some('daemon', () => false) &&
      filters.labels('label', event.Actor.Attributes) &&
      OBJECTS.every((type) => filters.some(type, (wanted) => concerns(event, type, wanted))),
  }
}

/** Only containers have events of their engine; what the state tells of them is not asked for twice. */
function engineEvents(filters: Filters): readonly string[] | undefined {
  const objects = OBJECTS.filter((type) => type !== 'container' && type !== 'image')
  const isLocal =
    filters.some('type', (type) => type === 'container') &&
    filters.some('scope', (scope) => scope === 'local') &&
    [...objects, 'daemon'].every((key) => filters.values(key).length === 0)
  if (!isLocal) return undefined
  const asked = filters.values('event').map((action) => action.split(':')[0] ?? '')
  const kinds = [...new Set(asked)].filter((kind) => KIND.test(kind) && !isToldByState(kind))
  return asked.length > 0 && kinds.length === 0 ? undefined : kinds
}

/** `health_status` stands for `health_status: healthy` too. */
function isOrSpecifies(action: string, wanted: string): boolean {
  return action === wanted || action.startsWith(`${wanted}:`)
}

function concerns({ Type, Actor: { ID, Attributes } }: ClusterEvent, type: string, wanted: string): boolean {
  const { name = '', image = '' } = Attributes
  // As with Docker, an image is also that of a container.
  if (type === 'image' && Type === 'container') return image === wanted || isUntagged(image, wanted)
  if (type !== Type) return false
  if (ID.startsWith(wanted) || name === wanted) return true
  // `web.1` stands for each container that was in that slot.
  return type === 'container' && name.startsWith(`${wanted}.`)
}

function isUntagged(image: string, wanted: string): boolean {
  const [tagged = ''] = image.split('@')
  return tagged === wanted || tagged.replace(/:[^/:]*$/, '') === wanted
}

/** Unix seconds, with a fraction if need be; the docker CLI turns everything else into that. */
function readTime(text: string): number | undefined {
  if (text === '') return undefined
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000
  throw new ShoalError(
    'invalid-argument',
    `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
