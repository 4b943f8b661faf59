import { ShoalError } from '@shoal/common'
import type {
  ConfigRecord,
  Kind,
  NetworkRecord,
  NodeRecord,
  Records,
  SecretRecord,
  ServiceRecord,
  TaskRecord,
} from '../../state/records.js'
import type { StateView } from '../../state/view.js'

/** @throws ShoalError `not-found`; `invalid-argument` when a prefix is ambiguous */
export function findService(state: StateView, reference: string): ServiceRecord {
  const named = state.serviceNamed(reference)
  return find(state, 'service', reference, named ? [named] : [])
}

/** @throws ShoalError `not-found`; `invalid-argument` when a name or a prefix is ambiguous */
export function findNode(state: StateView, reference: string): NodeRecord {
  return find(state, 'node', reference, [...state.nodesNamed(reference)])
}

/** @throws ShoalError `not-found`; `invalid-argument` when a prefix is ambiguous */
export function findTask(state: StateView, reference: string): TaskRecord {
  return find(state, 'task', reference, [])
}

/** @throws ShoalError `not-found`; `invalid-argument` when a prefix is ambiguous */
export function findSecret(state: StateView, reference: string): SecretRecord {
  const named = state.secretNamed(reference)
  return find(state, 'secret', reference, named ? [named] : [])
}

/** @throws ShoalError `not-found`; `invalid-argument` when a prefix is ambiguous */
export function findConfig(state: StateView, reference: string): ConfigRecord {
  const named = state.configNamed(reference)
  return find(state, 'config', reference, named ? [named] : [])
}

/** @throws ShoalError `not-found`; `invalid-argument` when a prefix is ambiguous */
export function findNetwork(state: StateView, reference: string): NetworkRecord {
  const named = state.networkNamed(reference)
  return find(state, 'network', reference, named ? [named] : [])
}

/** A full ID, then an exact name, then a unique beginning of an ID. */
function find<K extends Kind>(
  state: StateView,
  kind: K,
  reference: string,
  named: readonly Records[K][],
): Records[K] {
  const exact = state.get(kind, reference)
  if (exact) return exact
  const matches = named.length > 0 || reference === '' ? named : withPrefix(state, kind, reference)
  const [match] = matches
  if (match === undefined) throw new ShoalError('not-found', `${kind} ${reference} not found`)
  if (matches.length > 1) {
    throw new ShoalError(
      'invalid-argument',
      `${kind} ${reference} is ambiguous (${matches.length} matches found)`,
    )
  }
  return match
}

function withPrefix<K extends Kind>(state: StateView, kind: K, prefix: string): Records[K][] {
  const matches: Records[K][] = []
  for (const record of state.all(kind)) if (record.ID.startsWith(prefix)) matches.push(record)
  return matches
}
