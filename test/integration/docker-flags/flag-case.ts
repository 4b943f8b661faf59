import { expect } from 'vitest'

/** What a flag does: to the spec of a service, to the task's template in it, or to the container's in that. */
export interface FlagCase {
  readonly args: readonly string[]
  readonly spec?: object
  readonly task?: object
  readonly container?: object
  /** The environment, in any order. */
  readonly env?: readonly string[]
  /** A field of the container that is gone. */
  readonly without?: string
  /** It is refused, with this message. */
  readonly refused?: RegExp
}

/** Why it is refused, if it is, and else the service's spec after it. */
export function outcomeOf(flag: FlagCase): { error: unknown; spec?: object } {
  return flag.refused
    ? { error: expect.stringMatching(flag.refused) as unknown }
    : { error: '', spec: expectedSpec(flag) }
}

function expectedSpec({ spec = {}, task, container, env, without }: FlagCase): object {
  if (env) return { TaskTemplate: { ContainerSpec: { Env: expect.arrayContaining([...env]) } } }
  if (without !== undefined) {
    return { TaskTemplate: { ContainerSpec: expect.not.objectContaining({ [without]: expect.anything() }) } }
  }
  if (container) return { ...spec, TaskTemplate: { ...task, ContainerSpec: container } }
  return task ? { ...spec, TaskTemplate: task } : spec
}

/** The long flags among the arguments of a command. */
export function flagsOf(args: readonly string[]): string[] {
  return args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]!)
}
