import { newId, toTimestamp, type Random } from '@shoal/common'
import { isJob, type ServiceSpec } from '@shoal/engine-api'
import { type AddressBook, planEndpoint, type Reservation } from '../../allocator/index.js'
import { put, type Mutation, type ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { swarmError } from '../errors.js'
import { checkPorts, withNetworkIds } from './networks.js'
import { checkReferences } from './references.js'
import { newSpecRecord } from './spec-version.js'

export interface CreateOrder {
  /** Checked, and as the store keeps it. */
  readonly spec: ServiceSpec
  readonly registryAuth: string | undefined
  readonly random: Random
  readonly nowMs: number
  readonly book: Pick<AddressBook, 'latest'>
  /** Where VIPs come from; what an attempt before this one has set aside is given back. */
  readonly reserved: Reservation
}

/**
 * A new service with the first version of its spec, its VIPs and its published ports.
 * @returns the mutations and the ID
 * @throws ShoalError `already-exists` when the name is taken; what withNetworkIds, checkPorts and planEndpoint throw
 */
export function planCreate(
  state: StateView,
  order: CreateOrder,
): { mutations: readonly Mutation[]; result: string } {
  const { random, nowMs, book, reserved } = order
  const name = order.spec.Name ?? ''
  if (state.serviceNamed(name)) {
    throw swarmError(
      'already-exists',
      `name conflicts with an existing object: service ${name} already exists`,
    )
  }
  checkReferences(state, order.spec)
  const spec = withNetworkIds(state, order.spec)
  const id = newId(random)
  checkPorts(state, id, spec)
  reserved.end()
  const service: ServiceRecord = {
    ID: id,
    Version: { Index: 0 },
    CreatedAt: toTimestamp(nowMs),
    UpdatedAt: toTimestamp(nowMs),
    Spec: spec,
    Endpoint: planEndpoint(state, { serviceId: id, spec, reserved, book }),
    ...(isJob(spec) && { JobStatus: { JobIteration: { Index: 0 }, LastExecution: toTimestamp(nowMs) } }),
    Shoal: { SpecVersion: 1 },
  }
  const version = newSpecRecord(id, 1, spec, order.registryAuth, nowMs)
  return { mutations: [put('spec', version), put('service', service)], result: id }
}
