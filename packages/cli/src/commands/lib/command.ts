import type { Readable, Writable } from 'node:stream'
import type { Clock } from '@shoal/common/clock'
import { ShoalError } from '@shoal/common/errors'
import type { ManagerClient, TerminalWindow } from '../../client/index.js'
import type { Environment } from '../../client/index.js'
import type { ContextStore } from '../../contexts/index.js'
import type { Screen } from '../../progress/index.js'
import type { Flag, GivenFlags } from '../../spec/index.js'

/** A flag as the command line shows and reads it. */
export type FlagText = Omit<Flag, 'apply'>

/** Where ctl itself reads and writes bytes: a terminal, or files and pipes. */
export interface Console {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  readonly inputIsTerminal: boolean
  /** Takes every key as it is typed, ctrl-C too. @returns ends that */
  takeKeys(): () => void
  /** Undefined without a terminal to write to. */
  window(): TerminalWindow | undefined
  /** @returns ends the subscription */
  onResize(listener: () => void): () => void
}

/** What a command may use of the world. */
export interface Io {
  /** Writes one line (or several) to standard output. */
  print(text: string): void
  /** Writes one line to standard error. */
  warn(text: string): void
  environment: Environment
  clock: Clock
  /** Asks the user, who answers `y` or anything else. Without anybody to ask the answer is no. */
  confirm(question: string): Promise<boolean>
  contexts(): ContextStore
  /** The context that the command line means. */
  contextName(): string
  /** The API of the manager that the command line names. */
  client(): ManagerClient
  console(): Console
  /** Where progress is shown. */
  screen(): Screen
  /** Runs `work` with a signal that ctrl-C gives. */
  untilInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>
}

export interface Invocation {
  args: readonly string[]
  given: GivenFlags
  io: Io
}

/** One command: what the command line shows of it, and what it does. */
export interface Command {
  /** What follows the command's name: `[OPTIONS] SERVICE [SERVICE...]`. */
  usage: string
  description: string
  examples?: readonly string[]
  flags: readonly FlagText[]
  /** How many arguments it takes; no `most` means any number. */
  arguments: { least: number; most?: number }
  /** Whether everything after the first argument belongs to it, flags included. */
  endsAtArgument?: boolean
  /** @returns the exit code; none means 0 */
  run(invocation: Invocation): Promise<number | void>
}

/** Whether a switch is on. */
export function isOn(given: GivenFlags, name: string): boolean {
  return given.get(name)?.at(-1) === 'true'
}

/** The value of a flag: the last one that was given. */
export function valueOf(given: GivenFlags, name: string): string | undefined {
  return given.get(name)?.at(-1)
}

/** The argument at `index`, which the command's `arguments` promise to be there. */
export function argument(args: readonly string[], index: number): string {
  const value = args[index]
  if (value === undefined) throw new ShoalError('internal', `argument ${index} is missing`)
  return value
}

/** Does something for each of several things: the failures are shown together at the end, the others are done. */
export async function forEach(refs: readonly string[], work: (ref: string) => Promise<void>): Promise<void> {
  const failures: string[] = []
  for (const ref of refs) {
    try {
      await work(ref)
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code === 'unavailable') throw error
      failures.push(error.message)
    }
  }
  if (failures.length > 0) throw new ShoalError('failed-precondition', failures.join('\n'))
}

const FORMAT_HELP = 'Format output: "table", "table TEMPLATE", "json" or a Go template'
export const formatFlag: FlagText = { name: 'format', value: 'string', help: FORMAT_HELP }
export const inspectFormatFlag: FlagText = {
  name: 'format',
  short: 'f',
  value: 'string',
  help: 'Format output: "json" or a Go template',
}
export const filterFlag: FlagText = {
  name: 'filter',
  short: 'f',
  value: 'filter',
  help: 'Filter output based on conditions provided',
}
export const quietFlag: FlagText = { name: 'quiet', short: 'q', help: 'Only display IDs' }
export const noTruncFlag: FlagText = { name: 'no-trunc', help: 'Do not truncate output' }
export const noResolveFlag: FlagText = { name: 'no-resolve', help: 'Do not map IDs to Names' }
