import type { ServiceSpec } from '@shoal/engine-api'
import type { ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { swarmError } from '../errors.js'

interface Reference {
  readonly id: string
  readonly name: string
}

/** The secrets, or the configs, that a service's tasks get. */
export function referencesOf(spec: ServiceSpec, kind: 'secret' | 'config'): Reference[] {
  const { Secrets: secrets = [], Configs: configs = [] } = spec.TaskTemplate?.ContainerSpec ?? {}
  return kind === 'secret'
    ? secrets.map(({ SecretID: id = '', SecretName: name = '' }) => ({ id, name }))
    : configs.map(({ ConfigID: id = '', ConfigName: name = '' }) => ({ id, name }))
}

export function servicesUsing(state: StateView, kind: 'secret' | 'config', id: string): ServiceRecord[] {
  return [...state.all('service')].filter(({ Spec }) =>
    referencesOf(Spec, kind).some((reference) => reference.id === id),
  )
}

/**
 * Each ID and name must stand for one secret or config that exists.
 * @throws ShoalError `invalid-argument` in Docker's words
 */
export function checkReferences(state: StateView, spec: ServiceSpec): void {
  for (const kind of ['secret', 'config'] as const) {
    const missing = referencesOf(spec, kind)
      .filter(({ id, name }) => state.get(kind, id)?.Spec.Name !== name)
      .map(({ name }) => name)
    if (missing.length > 0) {
      const what = missing.length === 1 ? kind : `${kind}s`
      throw swarmError('invalid-argument', `${what} not found: ${missing.join(', ')}`)
    }
  }
}
