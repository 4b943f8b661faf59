import { sameMaterial, type ServiceSpec } from '@shoal/engine-api'
import { toTimestamp } from '@shoal/common'
import { put, specId, type Mutation, type ServiceRecord, type SpecRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'

export interface VersionedSpec {
  readonly number: number
  readonly mutations: readonly Mutation[]
}

/**
 * The number of the version that says what `spec` says of tasks: one that is there already, or a new one, which
 * is written in the same commit. A known version with another pull secret keeps its number: no task is replaced.
 * @param registryAuth the value of X-Registry-Auth that tasks of this version shall pull with; undefined: as it is
 */
export function versionOf(
  state: StateView,
  service: ServiceRecord,
  spec: ServiceSpec,
  registryAuth: string | undefined,
  nowMs: number,
): VersionedSpec {
  const known = knownVersion(state, service, spec)
  if (!known) {
    const record = newSpecRecord(service.ID, nextNumber(state, service), spec, registryAuth, nowMs)
    return { number: record.Number, mutations: [put('spec', record)] }
  }
  if (registryAuth === undefined || registryAuth === known.Shoal.RegistryAuth) {
    return { number: known.Number, mutations: [] }
  }
  const renewed: SpecRecord = {
    ...known,
    UpdatedAt: toTimestamp(nowMs),
    Shoal: { ...known.Shoal, RegistryAuth: registryAuth },
  }
  return { number: known.Number, mutations: [put('spec', renewed)] }
}

export function newSpecRecord(
  serviceId: string,
  number: number,
  spec: ServiceSpec,
  registryAuth: string | undefined,
  nowMs: number,
): SpecRecord {
  return {
    ID: specId(serviceId, number),
    Version: { Index: 0 },
    CreatedAt: toTimestamp(nowMs),
    UpdatedAt: toTimestamp(nowMs),
    ServiceID: serviceId,
    Number: number,
    TaskTemplate: spec.TaskTemplate ?? {},
    ...(spec.EndpointSpec && { EndpointSpec: spec.EndpointSpec }),
    Shoal: registryAuth === undefined ? {} : { RegistryAuth: registryAuth },
  }
}

/** The present version comes first, then the previous one. */
function knownVersion(state: StateView, service: ServiceRecord, spec: ServiceSpec): SpecRecord | undefined {
  const { SpecVersion: present, PreviousSpecVersion: previous } = service.Shoal
  for (const number of [present, previous]) {
    const record = number === undefined ? undefined : state.get('spec', specId(service.ID, number))
    if (record && sameMaterial(record, spec)) return record
  }
  return undefined
}

/** Never a number that was given before, even if its record is gone. */
function nextNumber(state: StateView, service: ServiceRecord): number {
  let highest = Math.max(service.Shoal.SpecVersion, service.Shoal.PreviousSpecVersion ?? 0)
  for (const spec of state.specsOfService(service.ID)) highest = Math.max(highest, spec.Number)
  for (const task of state.tasksOfService(service.ID)) highest = Math.max(highest, task.Shoal.SpecVersion)
  return highest + 1
}
