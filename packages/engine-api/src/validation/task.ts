import {
  RESTART_CONDITIONS,
  type GenericResource,
  type Limits,
  type Resources,
  type RestartPolicy,
  type TaskSpec,
} from '../documents/index.js'
import { InvalidDocument } from '../invalid-document.js'
import { parseAffinities, parseConstraints } from '../placement/index.js'
import { validateContainerSpec } from './container.js'
import { checkWord, quoted, refuse, refuseArgument } from './refuse.js'

const LEAST_NANO_CPUS = 1_000_000
const LEAST_MEMORY_BYTES = 4 * 1024 * 1024
const RUNTIMES = ['container', 'plugin', 'attachment']

/** @throws InvalidDocument in Docker's words */
export function validateTaskSpec(template: TaskSpec): void {
  checkRuntime(template)
  checkRestartPolicy(template.RestartPolicy)
  checkResources(template.Resources?.Limits)
  checkResources(template.Resources?.Reservations)
  checkGenericResources(template.Resources?.Reservations?.GenericResources ?? [])
  checkPlacement(template)
  if (template.ContainerSpec) validateContainerSpec(template.ContainerSpec)
}

function checkRuntime(template: TaskSpec): void {
  checkWord(template.Runtime, RUNTIMES, () => 'unsupported runtime')
  const container = !template.Runtime || template.Runtime === 'container'
  if (container && (template.PluginSpec || template.NetworkAttachmentSpec)) {
    refuse('mismatched Runtime and *Spec fields')
  }
  if (container && !template.ContainerSpec) refuseArgument('TaskSpec: missing runtime')
}

function checkRestartPolicy(policy: RestartPolicy | undefined): void {
  checkWord(policy?.Condition, RESTART_CONDITIONS, (word) => `invalid RestartCondition: ${quoted(word)}`)
  if ((policy?.Delay ?? 0) < 0) refuseArgument('TaskSpec: restart-delay cannot be negative')
  if ((policy?.Window ?? 0) < 0) refuseArgument('TaskSpec: restart-window cannot be negative')
}

function checkResources(resources: (Limits & Resources) | undefined): void {
  const { NanoCPUs: cpus = 0, MemoryBytes: memory = 0, Pids: pids = 0 } = resources ?? {}
  if (cpus !== 0 && cpus < LEAST_NANO_CPUS) {
    refuseArgument(`invalid cpu value ${cpus / 1e9}: Must be at least ${LEAST_NANO_CPUS / 1e9}`)
  }
  if (memory !== 0 && memory < LEAST_MEMORY_BYTES) {
    refuseArgument(`invalid memory value ${memory}: Must be at least 4MiB`)
  }
  if (pids < -1) refuseArgument(`invalid pids value ${pids}: Must be 0 or -1 for no limit, or positive`)
}

function checkGenericResources(resources: readonly GenericResource[]): void {
  const kinds = new Set<string>()
  for (const { DiscreteResourceSpec: amount, NamedResourceSpec: named } of resources) {
    if (named || !amount) refuse('invalid generic resource: a task may only ask for an amount, not for names')
    if (amount.Kind === '') refuse('invalid generic resource: Kind must not be empty')
    if (amount.Value < 0) refuse(`invalid generic resource: ${amount.Kind} must not be negative`)
    if (kinds.has(amount.Kind)) refuse(`invalid generic resource: ${amount.Kind} is given twice`)
    kinds.add(amount.Kind)
  }
}

function checkPlacement(template: TaskSpec): void {
  try {
    const { Constraints: texts = [] } = template.Placement ?? {}
    parseConstraints(texts)
    parseAffinities(texts)
  } catch (error) {
    if (error instanceof InvalidDocument) refuseArgument(error.message)
    throw error
  }
}
