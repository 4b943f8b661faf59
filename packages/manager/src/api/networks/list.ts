import { ShoalError } from '@shoal/common'
import type { Network } from '@shoal/engine-api'
import type { NetworkRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { networkAnswer, predefinedAnswer, predefinedNetworks } from '../answers/networks.js'
import type { Filters } from '../request/filters.js'
import { isDangling } from './remove.js'

export const NETWORK_FILTERS = ['id', 'name', 'label', 'driver', 'scope', 'type', 'dangling']
const TYPES = ['builtin', 'custom']
const TRUE = ['1', 'true']
const FALSE = ['0', 'false']

/**
 * The networks of the cluster, and those that every engine has of its own.
 * @throws ShoalError `invalid-argument` for a filter's word that is none
 */
export function listNetworks(state: StateView, filters: Filters): Network[] {
  checkWords(filters)
  const own = [...state.all('network')].filter((network) => hasUse(state, network, filters))
  const predefined = filters.some('dangling', (word) => FALSE.includes(word.toLowerCase()))
    ? predefinedNetworks().map((name) => predefinedAnswer(name, 'local'))
    : []
  return [...own.map((network) => networkAnswer(network)), ...predefined].filter((answer) =>
    matches(filters, answer),
  )
}

function checkWords(filters: Filters): void {
  for (const type of filters.values('type')) {
    if (!TYPES.includes(type)) throw new ShoalError('invalid-argument', `invalid filter: 'type'='${type}'`)
  }
  const words = filters.values('dangling')
  const isClear = words.every((word) => [...TRUE, ...FALSE].includes(word.toLowerCase()))
  if (words.length > 1 || !isClear) {
    throw new ShoalError('invalid-argument', `invalid filter 'dangling=${JSON.stringify(words)}'`)
  }
}

function hasUse(state: StateView, network: NetworkRecord, filters: Filters): boolean {
  return filters.some('dangling', (word) => isDangling(state, network) === TRUE.includes(word.toLowerCase()))
}

function matches(filters: Filters, { Id, Name, Labels, Driver, Scope, Ingress }: Network): boolean {
  const isBuiltin = Scope === 'local'
  return (
    filters.some('id', (id) => Id.startsWith(id)) &&
    filters.some('name', (part) => Name.includes(part)) &&
    filters.labels('label', Labels ?? {}) &&
    filters.some('driver', (driver) => driver === Driver) &&
    filters.some('scope', (scope) => scope === Scope) &&
    filters.some('type', (type) => (type === 'builtin') === (isBuiltin || Ingress))
  )
}
