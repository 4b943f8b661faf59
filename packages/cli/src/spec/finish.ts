import { ShoalError } from '@shoal/common/errors'
import { capability, parseUint, toMap } from '../values/index.js'
import { containerOf, type GivenFlags, type ServiceDraft, taskOf } from './draft.js'

const refuse = (message: string): never => {
  throw new ShoalError('invalid-argument', message)
}

const numberOf = (given: GivenFlags, name: string): number | undefined => {
  const text = given.get(name)?.at(-1)
  return text === undefined ? undefined : parseUint(text)
}

/** Refuses flags that exclude each other, in create and update alike. */
export function checkConflicts(given: GivenFlags): void {
  const healthFlags = [...given.keys()].filter((name) => name.startsWith('health-'))
  if (given.get('no-healthcheck')?.at(-1) === 'true' && healthFlags.length > 0) {
    refuse('--no-healthcheck conflicts with --health-* options')
  }
}

/** Sets the log driver. Options without a driver go to the one that is there. */
export function finishLogDriver(draft: ServiceDraft): void {
  const name = draft.given.get('log-driver')?.at(-1)
  const options = draft.given.get('log-opt')
  if (name === undefined && options === undefined) return
  const driver = name === undefined || name === '' ? taskOf(draft).LogDriver?.Name : name
  if (driver === undefined) {
    if (options !== undefined) refuse('--log-opt needs a log driver: use --log-driver')
    return
  }
  taskOf(draft).LogDriver = { Name: driver, Options: toMap(options ?? []) }
}

/** The capabilities of a new service: adding one outweighs dropping it, ALL outweighs every other. */
export function finishNewCapabilities(draft: ServiceDraft): void {
  const added = collapsed(normalised(draft.given.get('cap-add')))
  const dropped = collapsed(normalised(draft.given.get('cap-drop')))
  const sortedWithoutReset = (caps: Iterable<string>): string[] =>
    [...caps].filter((cap) => cap !== 'RESET').sort()
  const add = sortedWithoutReset(added)
  const drop = sortedWithoutReset(dropped).filter((cap) => !added.has(cap))
  if (add.length > 0) containerOf(draft).CapabilityAdd = add
  if (drop.length > 0) containerOf(draft).CapabilityDrop = drop
}

/**
 * Changes the capabilities of a service in docker's three steps: dropping an added one (or adding a
 * dropped one) only takes it off its list; doing it again puts it on the other list. RESET empties a list.
 */
export function finishChangedCapabilities(draft: ServiceDraft): void {
  if (!draft.given.has('cap-add') && !draft.given.has('cap-drop')) return
  const container = containerOf(draft)
  const toAdd = normalised(draft.given.get('cap-add'))
  const toDrop = normalised(draft.given.get('cap-drop'))
  const added = toAdd.delete('RESET') ? new Set<string>() : normalised(container.CapabilityAdd)
  const dropped = toDrop.delete('RESET') ? new Set<string>() : normalised(container.CapabilityDrop)
  for (const cap of toDrop) if (!toAdd.has(cap) && !added.delete(cap)) dropped.add(cap)
  for (const cap of toAdd) if (!dropped.delete(cap)) added.add(cap)
  container.CapabilityAdd = [...collapsed(added)].sort()
  container.CapabilityDrop = [...collapsed(dropped)].sort()
}

function normalised(caps: readonly string[] | undefined): Set<string> {
  return new Set((caps ?? []).map(capability))
}

function collapsed(caps: Set<string>): Set<string> {
  return caps.has('ALL') ? new Set(['ALL']) : caps
}

/** The mode of a new service, from --mode, --replicas, --max-concurrent and --replicas-max-per-node. */
export function finishMode(draft: ServiceDraft): void {
  const mode = draft.given.get('mode')?.at(-1) ?? 'replicated'
  const replicas = numberOf(draft.given, 'replicas')
  const concurrent = numberOf(draft.given, 'max-concurrent')
  const isJob = mode.endsWith('-job')
  if (!['replicated', 'global', 'replicated-job', 'global-job'].includes(mode)) {
    refuse(`Unknown mode: ${mode}, only replicated and global supported`)
  }
  if (mode.startsWith('global')) {
    const only = (name: string): string => `${name} can only be used with replicated or replicated-job mode`
    if (replicas !== undefined) refuse(only('replicas'))
    if ((taskOf(draft).Placement?.MaxReplicas ?? 0) > 0) refuse(only('replicas-max-per-node'))
  }
  if (mode !== 'replicated-job' && concurrent !== undefined) {
    refuse('max-concurrent can only be used with replicated-job mode')
  }
  if (isJob && (draft.spec.UpdateConfig !== undefined || draft.spec.RollbackConfig !== undefined)) {
    refuse('update and rollback configuration is not supported for jobs')
  }
  if (mode === 'global') draft.spec.Mode = { Global: {} }
  else if (mode === 'global-job') draft.spec.Mode = { GlobalJob: {} }
  else if (mode === 'replicated')
    draft.spec.Mode = { Replicated: replicas === undefined ? {} : { Replicas: replicas } }
  else {
    const most = concurrent ?? replicas
    draft.spec.Mode = {
      ReplicatedJob: {
        ...(most !== undefined && { MaxConcurrent: most }),
        ...(replicas !== undefined && { TotalCompletions: replicas }),
      },
    }
  }
}

/** Changes how many tasks a service has. */
export function finishReplicas(draft: ServiceDraft): void {
  const replicas = numberOf(draft.given, 'replicas')
  const concurrent = numberOf(draft.given, 'max-concurrent')
  const { Replicated, ReplicatedJob } = draft.spec.Mode ?? {}
  if (replicas !== undefined) {
    if (Replicated === undefined) refuse('replicas can only be used with replicated mode')
    draft.spec.Mode = { Replicated: { Replicas: replicas } }
  }
  if (concurrent !== undefined) {
    if (ReplicatedJob === undefined) refuse('max-concurrent can only be used with replicated-job mode')
    draft.spec.Mode = { ReplicatedJob: { ...ReplicatedJob, MaxConcurrent: concurrent } }
  }
}
