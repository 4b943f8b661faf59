import type {
  ConfigReference,
  ContainerSpec,
  NetworkAttachmentConfig,
  SecretReference,
  ServiceSpec,
  TaskSpec,
} from '@shoal/engine-api'

/** The flags of one command line: every value of each, in order; a switch has `true` or `false`. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>

/** What the flags may look at besides the spec. */
export interface Surroundings {
  environment: Readonly<Record<string, string | undefined>>
  /** Reads a file of variables as text; it throws when it cannot. */
  readFile(path: string): string
}

/** References by name that the manager has to turn into IDs. */
export interface PendingReferences {
  networksToAdd: NetworkAttachmentConfig[]
  networksToRemove: string[]
  secretsToAdd: SecretReference[]
  configsToAdd: ConfigReference[]
}

export type DraftSpec = ServiceSpec & { TaskTemplate: TaskSpec & { ContainerSpec: ContainerSpec } }

/** A spec that is being edited. */
export interface ServiceDraft {
  spec: DraftSpec
  given: GivenFlags
  surroundings: Surroundings
  pending: PendingReferences
}

/** A draft over a copy of `spec`. */
export function newDraft(spec: ServiceSpec, given: GivenFlags, surroundings: Surroundings): ServiceDraft {
  const copy = structuredClone(spec)
  const task = copy.TaskTemplate ?? {}
  return {
    spec: { ...copy, TaskTemplate: { ...task, ContainerSpec: task.ContainerSpec ?? {} } },
    given,
    surroundings,
    pending: { networksToAdd: [], networksToRemove: [], secretsToAdd: [], configsToAdd: [] },
  }
}

export const containerOf = (draft: ServiceDraft): ContainerSpec => draft.spec.TaskTemplate.ContainerSpec
export const taskOf = (draft: ServiceDraft): TaskSpec => draft.spec.TaskTemplate
