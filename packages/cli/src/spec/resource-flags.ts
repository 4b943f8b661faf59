import { ShoalError } from '@shoal/common/errors'
import type { GenericResource, Limits, Placement, Resources, RestartPolicy } from '@shoal/engine-api'
import {
  parseBytes,
  parseCpus,
  parseDuration,
  parseGenericResource,
  parseInteger,
  parsePreference,
  parseUint,
} from '../values/index.js'
import { type ServiceDraft, taskOf } from './draft.js'
import { without, withReplaced } from './edits.js'
import { anyText, type Flag, flag, single } from './flag.js'

const limits = (draft: ServiceDraft): Limits => ((taskOf(draft).Resources ??= {}).Limits ??= {})
const reservations = (draft: ServiceDraft): Resources =>
  ((taskOf(draft).Resources ??= {}).Reservations ??= {})
const placement = (draft: ServiceDraft): Placement => (taskOf(draft).Placement ??= {})
const restart = (draft: ServiceDraft): RestartPolicy =>
  (taskOf(draft).RestartPolicy ??= { Condition: 'any', Delay: 5e9, MaxAttempts: 0 })

const list = { value: 'list' }
const duration = { value: 'duration' }

/** Flags about resources, restarts and where tasks may run, that mean the same in create and update. */
export const RESOURCE_FLAGS: readonly Flag[] = [
  single(
    'limit-cpu',
    { value: 'decimal' },
    'Limit CPUs',
    parseCpus,
    (draft, cpus) => (limits(draft).NanoCPUs = cpus),
  ),
  single('limit-memory', { value: 'bytes' }, 'Limit Memory', parseBytes, (draft, bytes) => {
    limits(draft).MemoryBytes = bytes
  }),
  single(
    'limit-pids',
    { value: 'int' },
    'Limit maximum number of processes (default 0 = unlimited)',
    parseInteger,
    (draft, pids) => {
      limits(draft).Pids = pids
    },
  ),
  single('reserve-cpu', { value: 'decimal' }, 'Reserve CPUs', parseCpus, (draft, cpus) => {
    reservations(draft).NanoCPUs = cpus
  }),
  single('reserve-memory', { value: 'bytes' }, 'Reserve Memory', parseBytes, (draft, bytes) => {
    reservations(draft).MemoryBytes = bytes
  }),
  single(
    'replicas-max-per-node',
    { value: 'uint' },
    'Maximum number of tasks per node (default 0 = unlimited)',
    parseUint,
    (draft, most) => {
      placement(draft).MaxReplicas = most
    },
  ),
  single(
    'restart-condition',
    { value: 'string' },
    'Restart when condition is met ("none", "on-failure", "any") (default "any")',
    anyText,
    (draft, condition) => (restart(draft).Condition = condition),
  ),
  single(
    'restart-delay',
    duration,
    'Delay between restart attempts (ns|us|ms|s|m|h) (default 5s)',
    parseDuration,
    (draft, delay) => {
      restart(draft).Delay = delay
    },
  ),
  single(
    'restart-max-attempts',
    { value: 'uint' },
    'Maximum number of restarts before giving up',
    parseUint,
    (draft, attempts) => {
      restart(draft).MaxAttempts = attempts
    },
  ),
  single(
    'restart-window',
    duration,
    'Window used to evaluate the restart policy (ns|us|ms|s|m|h)',
    parseDuration,
    (draft, window) => {
      restart(draft).Window = window
    },
  ),
]

const kindOf = (resource: GenericResource): string => resource.DiscreteResourceSpec?.Kind ?? ''

function addGeneric(draft: ServiceDraft, resources: readonly GenericResource[]): void {
  reservations(draft).GenericResources = withReplaced(reservations(draft).GenericResources, resources, kindOf)
}

function removeGeneric(draft: ServiceDraft, kinds: readonly string[]): void {
  const present = reservations(draft).GenericResources ?? []
  for (const kind of kinds) {
    if (!present.some((resource) => kindOf(resource) === kind)) {
      throw new ShoalError('invalid-argument', `could not find generic-resource \`${kind}\` to remove it`)
    }
  }
  reservations(draft).GenericResources = present.filter((resource) => !kinds.includes(kindOf(resource)))
}

function addConstraints(draft: ServiceDraft, constraints: readonly string[]): void {
  placement(draft).Constraints = [...(placement(draft).Constraints ?? []), ...constraints]
}

function addPreferences(
  draft: ServiceDraft,
  preferences: readonly ReturnType<typeof parsePreference>[],
): void {
  placement(draft).Preferences = [...(placement(draft).Preferences ?? []), ...preferences]
}

export const RESOURCE_CREATE_FLAGS: readonly Flag[] = [
  flag('generic-resource', list, 'User defined resources', parseGenericResource, addGeneric),
  flag(
    'constraint',
    list,
    'Placement constraints (KEY==VALUE, !=, ==/REGEXP/; ==~ wishes; affinity:service==NAME)',
    anyText,
    addConstraints,
  ),
  flag('placement-pref', { value: 'pref' }, 'Add a placement preference', parsePreference, addPreferences),
]

export const RESOURCE_UPDATE_FLAGS: readonly Flag[] = [
  flag('generic-resource-add', list, 'Add a Generic resource', parseGenericResource, addGeneric),
  flag('generic-resource-rm', list, 'Remove a Generic resource', anyText, removeGeneric),
  flag('constraint-add', list, 'Add or update a placement constraint', anyText, addConstraints),
  flag('constraint-rm', list, 'Remove a constraint', anyText, (draft, constraints) => {
    placement(draft).Constraints = without(placement(draft).Constraints, constraints)
  }),
  flag(
    'placement-pref-rm',
    { value: 'pref' },
    'Remove a placement preference',
    parsePreference,
    (draft, gone) => {
      const descriptors = gone.map((preference) => preference.Spread.SpreadDescriptor)
      const kept = (placement(draft).Preferences ?? []).filter(
        (preference) => !descriptors.includes(preference.Spread?.SpreadDescriptor ?? ''),
      )
      placement(draft).Preferences = kept
    },
  ),
  flag(
    'placement-pref-add',
    { value: 'pref' },
    'Add a placement preference',
    parsePreference,
    addPreferences,
  ),
]
