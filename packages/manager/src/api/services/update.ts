import { ShoalError, toTimestamp } from '@shoal/common'
import type { Endpoint, JobStatus, ServiceMode, ServiceSpec } from '@shoal/engine-api'
import { type AddressBook, planEndpoint, portKey, type Reservation } from '../../allocator/index.js'
import { put, specId, type Mutation, type ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { outOfSequence, swarmError } from '../errors.js'
import { findService } from '../request/lookup.js'
import { checkPorts, withNetworkIds } from './networks.js'
import { checkReferences } from './references.js'
import { versionOf } from './spec-version.js'

export interface UpdateOrder {
  /** ID, name or beginning of an ID. */
  readonly reference: string
  /** The Version.Index that the client decided on. */
  readonly version: number
  /** Checked, and as the store keeps it. With `rollback` it only is checked. */
  readonly spec: ServiceSpec
  readonly rollback: boolean
  /** The X-Registry-Auth header; undefined: the one of `registryAuthFrom` stays. */
  readonly registryAuth: string | undefined
  readonly registryAuthFrom: 'spec' | 'previous-spec'
  readonly nowMs: number
  readonly book: Pick<AddressBook, 'latest'>
  /** Where VIPs come from; what an attempt before this one has set aside is given back. */
  readonly reserved: Reservation
}

export interface Updated {
  readonly id: string
  /** A port that was published is not any more. */
  readonly losesPort: boolean
}

/**
 * A service's new spec, or the return to its previous one; the orchestrator does the rest.
 * @throws ShoalError `not-found`, `out-of-sequence`, `unimplemented` (renaming, change of mode),
 *   `failed-precondition` (there is no previous spec); what withNetworkIds, checkPorts and planEndpoint throw
 */
export function planUpdate(
  state: StateView,
  order: UpdateOrder,
): { mutations: readonly Mutation[]; result: Updated } {
  const service = findService(state, order.reference)
  if (service.Spec.Name !== order.spec.Name) {
    throw swarmError('unimplemented', 'renaming services is not supported')
  }
  if (kindOfMode(service.Spec.Mode) !== kindOfMode(order.spec.Mode)) {
    throw swarmError('unimplemented', 'service mode change is not allowed')
  }
  const asked = order.rollback ? previousSpec(service) : order.spec
  if (service.Version.Index !== order.version) throw outOfSequence()

  checkReferences(state, asked)
  const wanted = withNetworkIds(state, asked)
  checkPorts(state, service.ID, wanted)
  const { reserved, book } = order
  reserved.end()
  const endpoint = planEndpoint(state, { serviceId: service.ID, service, spec: wanted, reserved, book })
  const auth = order.registryAuth ?? keptAuth(state, service, order.registryAuthFrom)
  const version = versionOf(state, service, wanted, auth, order.nowMs)
  const updated = withSpec(service, { spec: wanted, endpoint, version: version.number }, order)
  const result = { id: service.ID, losesPort: losesPort(service.Endpoint, endpoint) }
  return { mutations: [...version.mutations, put('service', updated)], result }
}

function losesPort({ Ports: before = [] }: Endpoint, { Ports: after = [] }: Endpoint): boolean {
  const kept = new Set(after.map(portKey))
  return before.some((port) => !kept.has(portKey(port)))
}

function withSpec(
  service: ServiceRecord,
  { spec, endpoint, version }: { spec: ServiceSpec; endpoint: Endpoint; version: number },
  order: UpdateOrder,
): ServiceRecord {
  const { UpdateStatus: _status, Shoal: own, ...kept } = service
  const { Rollout: _rollout, Rebalance: rebalance, ...ownKept } = own
  const now = toTimestamp(order.nowMs)
  return {
    ...kept,
    UpdatedAt: now,
    Spec: spec,
    PreviousSpec: service.Spec,
    Endpoint: endpoint,
    ...(service.JobStatus && { JobStatus: nextIteration(service.JobStatus, now) }),
    ...(order.rollback && {
      UpdateStatus: { State: 'rollback_started', StartedAt: now, Message: 'manually requested rollback' },
    }),
    Shoal: {
      ...ownKept,
      SpecVersion: version,
      PreviousSpecVersion: own.SpecVersion,
      PreviousEndpoint: service.Endpoint,
      // What is still uneven after the update may be evened out then.
      ...(rebalance && {
        Rebalanced: { EndedAtMs: order.nowMs, Moved: rebalance.Moved, Overtaken: true as const },
      }),
    },
  }
}

/** Every update runs a job anew, as in Docker. */
function nextIteration({ JobIteration: { Index } }: JobStatus, now: string): JobStatus {
  return { JobIteration: { Index: Index + 1 }, LastExecution: now }
}

function previousSpec(service: ServiceRecord): ServiceSpec {
  if (service.PreviousSpec) return service.PreviousSpec
  throw swarmError('failed-precondition', `service ${service.ID} does not have a previous spec`)
}

function keptAuth(
  state: StateView,
  service: ServiceRecord,
  from: UpdateOrder['registryAuthFrom'],
): string | undefined {
  const { SpecVersion: present, PreviousSpecVersion: previous } = service.Shoal
  if (from === 'spec') return state.get('spec', specId(service.ID, present))?.Shoal.RegistryAuth
  if (previous === undefined) throw new ShoalError('invalid-argument', 'service has no previous spec')
  return state.get('spec', specId(service.ID, previous))?.Shoal.RegistryAuth
}

function kindOfMode(mode: ServiceMode | undefined): string {
  return Object.keys(mode ?? {})[0] ?? 'Replicated'
}
