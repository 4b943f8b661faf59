import { asksForEvents } from './events-path.js'

/** What a call is about: a container or an exec, by the engine's own ID, what a registry has, or events. */
export type Concern = ContainerConcern | { readonly kind: 'registry' } | { readonly kind: 'events' }

export interface ContainerConcern {
  readonly kind: 'container' | 'exec'
  readonly id: string
}

interface Operation {
  readonly methods: readonly string[]
  readonly name: string
  /** Whether the connection may become a stream of bytes. */
  readonly upgrades?: true
}

const CONTAINER_OPERATIONS: readonly Operation[] = [
  { methods: ['GET'], name: 'json' },
  { methods: ['GET'], name: 'logs' },
  { methods: ['GET'], name: 'top' },
  { methods: ['GET'], name: 'stats' },
  { methods: ['GET'], name: 'changes' },
  { methods: ['GET'], name: 'export' },
  { methods: ['GET', 'HEAD', 'PUT'], name: 'archive' },
  { methods: ['POST'], name: 'attach', upgrades: true },
  { methods: ['POST'], name: 'exec' },
  { methods: ['POST'], name: 'resize' },
  { methods: ['POST'], name: 'wait' },
]

const EXEC_OPERATIONS: readonly Operation[] = [
  { methods: ['GET'], name: 'json' },
  { methods: ['POST'], name: 'start', upgrades: true },
  { methods: ['POST'], name: 'resize' },
]

/** Full IDs only, and nothing that is encoded: what this lets through means the same to the engine. */
const TARGET = /^\/(containers|exec)\/([0-9a-f]{64})\/([a-z]+)(?:\?[!$&-;=?-Z_a-z~%]*)?$/

/** What a registry says of an image. Segments of dots alone would lead elsewhere. */
const DISTRIBUTION = /^\/distribution(?:\/(?!\.+\/)[\w.:@+-]+)+\/json$/

/**
 * Reads a request that a manager wants made. Pure.
 * @param path without a version, with its query
 * @returns what it concerns; undefined for everything that a manager may not ask of an engine
 */
export function concernOf(method: string, path: string, upgrade: boolean): Concern | undefined {
  if (method === 'GET' && !upgrade && DISTRIBUTION.test(path)) return { kind: 'registry' }
  // What a registry says of a password: the request's body.
  if (method === 'POST' && !upgrade && path === '/auth') return { kind: 'registry' }
  if (method === 'GET' && !upgrade && asksForEvents(path)) return { kind: 'events' }
  const [, collection, id, name] = TARGET.exec(path) ?? []
  if (collection === undefined || id === undefined) return undefined
  const operations = collection === 'exec' ? EXEC_OPERATIONS : CONTAINER_OPERATIONS
  const operation = operations.find((one) => one.name === name && one.methods.includes(method))
  if (!operation || (upgrade && !operation.upgrades)) return undefined
  return { kind: collection === 'exec' ? 'exec' : 'container', id }
}
