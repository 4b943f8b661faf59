import { newId, toTimestamp, type Random } from '@shoal/common'
import type { ServiceSpec } from '@shoal/engine-api'
import { put, type Mutation, type ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { endpointOf } from '../answers/service.js'
import { swarmError } from '../errors.js'
import { checkReferences } from './references.js'
import { newSpecRecord } from './spec-version.js'

export interface CreateOrder {
  /** Checked, and as the store keeps it. */
  readonly spec: ServiceSpec
  readonly registryAuth: string | undefined
  readonly random: Random
  readonly nowMs: number
}

/**
 * A new service with the first version of its spec.
 * @returns the mutations and the ID @throws ShoalError `already-exists` when the name is taken
 */
export function planCreate(
  state: StateView,
  order: CreateOrder,
): { mutations: readonly Mutation[]; result: string } {
  const { spec, random, nowMs } = order
  const name = spec.Name ?? ''
  if (state.serviceNamed(name)) {
    throw swarmError(
      'already-exists',
      `name conflicts with an existing object: service ${name} already exists`,
    )
  }
  checkReferences(state, spec)
  const id = newId(random)
  const service: ServiceRecord = {
    ID: id,
    Version: { Index: 0 },
    CreatedAt: toTimestamp(nowMs),
    UpdatedAt: toTimestamp(nowMs),
    Spec: spec,
    Endpoint: endpointOf(spec),
    Shoal: { SpecVersion: 1 },
  }
  const version = newSpecRecord(id, 1, spec, order.registryAuth, nowMs)
  return { mutations: [put('spec', version), put('service', service)], result: id }
}
