import { Command as Program, CommanderError, Option } from 'commander'
import { ShoalError } from '@shoal/common/errors'
import type { Command, FlagText, Io } from '../commands/lib/command.js'
import { cliVersion } from '../commands/lib/version.js'
import { type Group, type Leaf, NOT_YET, TREE } from '../commands/tree.js'
import { COMPLETE, complete } from '../completion/index.js'
import type { Globals } from '../contexts/index.js'
import { FlagError } from '../spec/flag.js'
import { type Found, findCommand, withHelpFlag } from './find.js'
import { commandHelp, groupHelp, usageOf } from './help.js'
import { OFF_PREFIX, rewriteSwitches } from './switches.js'

/** Exit codes: a command that failed, and flags that make no sense (as docker's). */
const FAILED = 1
const BAD_FLAGS = 125
const SUMMARY = 'ctl drives a Shoal cluster: services, nodes and the cluster itself.'

export type IoFactory = (globals: Globals) => Io

interface Target {
  path: string[]
  command: Command
  leaf: Leaf
}

/**
 * Runs one command line.
 * @param asked the words without the names of the interpreter and the program
 * @returns the exit code
 */
export async function runCommandLine(asked: readonly string[], ioFor: IoFactory): Promise<number> {
  if (asked[0] === COMPLETE) return completeWords(asked.slice(1), ioFor)
  const words = withHelpFlag(asked, TREE)
  const found = findCommand(words, TREE)
  const plain = ioFor({})
  const loaded = await found.leaf?.load()
  const target =
    found.leaf && loaded ? { path: found.path, command: loaded.command, leaf: found.leaf } : undefined
  let code = 0
  const program = makeProgram(
    { target, plain, ioFor, known: found.unknown === undefined },
    (result) => (code = result),
  )
  try {
    const rest = words.slice(found.length)
    const rewritten =
      target === undefined
        ? rest
        : rewriteSwitches(rest, target.command.flags, target.command.endsAtArgument ?? false)
    await program.parseAsync([...words.slice(0, found.length), ...rewritten], { from: 'user' })
    return code
  } catch (error) {
    return explain(error, target, found, plain)
  }
}

async function completeWords(words: readonly string[], ioFor: IoFactory): Promise<number> {
  const io = ioFor({})
  for (const { text, help } of await complete(words, TREE, ioFor)) io.print(`${text}\t${help}`)
  return 0
}

interface ProgramParts {
  target: Target | undefined
  plain: Io
  ioFor: IoFactory
  /** Whether every word names a command. If not, commander is left to say so, with what may have been meant. */
  known: boolean
}

function makeProgram({ target, plain, ioFor, known }: ProgramParts, finish: (code: number) => void): Program {
  const program = quiet(new Program('ctl'), plain)
  program
    .enablePositionalOptions()
    .option('-H, --host <string>')
    .option('-c, --context <string>')
    .option('-v, --version')
    .helpCommand(false)
    .configureHelp({ formatHelp: () => groupHelp([], SUMMARY, TREE) })
  if (known) {
    program.action(() => {
      plain.print(
        program.opts()['version'] ? `ctl version ${cliVersion()}` : program.helpInformation().trimEnd(),
      )
    })
  }
  const fill = (parent: Program, path: string[], children: Readonly<Record<string, Group | Leaf>>): void => {
    for (const [name, entry] of Object.entries(children)) {
      const child = quiet(parent.command(name), plain).helpCommand(false)
      if ('children' in entry) {
        child.enablePositionalOptions()
        child.configureHelp({ formatHelp: () => groupHelp([...path, name], entry.summary, entry.children) })
        if (known) child.action(() => plain.print(child.helpInformation().trimEnd()))
        fill(child, [...path, name], entry.children)
        continue
      }
      for (const alias of entry.aliases ?? []) child.alias(alias)
      if (entry === target?.leaf) makeLeaf(child, target, () => ioFor(program.opts<Globals>()), finish)
    }
  }
  fill(program, [], TREE)
  return program
}

function makeLeaf(child: Program, target: Target, io: () => Io, finish: (code: number) => void): void {
  const { command, path, leaf } = target
  const given = new Map<string, string[]>()
  for (const flag of command.flags) addFlag(child, flag, given)
  if (command.endsAtArgument) child.passThroughOptions()
  child
    .argument('[args...]')
    .configureHelp({ formatHelp: () => commandHelp(path, command, leaf.aliases ?? []) })
    .action(async (args: string[]) => {
      checkArguments(target, args)
      finish((await command.run({ args, given, io: io() })) ?? 0)
    })
}

/** Values are collected from commander's events, which keep every one of them, and their order. */
function addFlag(child: Program, { name, short, value }: FlagText, given: Map<string, string[]>): void {
  const add = (text: string): void => void given.set(name, [...(given.get(name) ?? []), text])
  const dashes = `${short === undefined ? '' : `-${short}, `}--${name}`
  child.addOption(new Option(value === undefined ? dashes : `${dashes} <${value}>`))
  child.on(`option:${name}`, (text: string | null) => add(value === undefined ? 'true' : (text ?? '')))
  if (value !== undefined) return
  child.addOption(new Option(`--${OFF_PREFIX}${name}`).hideHelp())
  child.on(`option:${OFF_PREFIX}${name}`, () => add('false'))
}

class UsageError extends ShoalError {
  constructor(message: string) {
    super('invalid-argument', message)
    this.name = 'UsageError'
  }
}

function checkArguments({ path, command }: Target, args: readonly string[]): void {
  const { least, most } = command.arguments
  if (args.length >= least && args.length <= (most ?? Infinity)) return
  const name = `'ctl ${path.join(' ')}'`
  const count = (amount: number): string => `${amount} argument${amount === 1 ? '' : 's'}`
  if (most === 0) throw new UsageError(`ctl: ${name} accepts no arguments`)
  if (least === most) throw new UsageError(`ctl: ${name} requires ${count(least)}`)
  throw new UsageError(
    args.length < least
      ? `ctl: ${name} requires at least ${count(least)}`
      : `ctl: ${name} requires at most ${count(most ?? 0)}`,
  )
}

/** Commander neither exits nor writes: help goes through `io`, and what else it has to say comes here as an error. */
function quiet(program: Program, io: Io): Program {
  return program
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({
      writeOut: (text) => io.print(text.trimEnd()),
      writeErr: () => undefined,
      outputError: () => undefined,
    })
}

function explain(error: unknown, target: Target | undefined, found: Found, io: Io): number {
  if (error instanceof CommanderError) return explainCommander(error, target, found, io)
  if (!(error instanceof ShoalError)) throw error
  const usage = target === undefined ? '' : usageText(target)
  if (error instanceof FlagError) {
    io.warn(`${error.message}${usage}`)
    return BAD_FLAGS
  }
  io.warn(error instanceof UsageError ? `${error.message}${usage}` : error.message)
  return FAILED
}

function usageText({ path, command }: Target): string {
  return `\n\nUsage:  ${usageOf(path, command)}\n\nRun 'ctl ${path.join(' ')} --help' for more information`
}

function explainCommander(
  error: CommanderError,
  target: Target | undefined,
  { path, unknown }: Found,
  io: Io,
): number {
  if (error.exitCode === 0) return 0
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const suggestion = /\(Did you mean [^)]*\)/.exec(error.message)?.[0]
  const hint = suggestion === undefined ? '' : `\n${suggestion}`
  const usage =
    target === undefined
      ? `\n\nRun '${['ctl', ...path].join(' ')} --help' for more information`
      : usageText(target)
  if (error.code === 'commander.unknownOption') {
    const kind = quoted.startsWith('--')
      ? `unknown flag: ${quoted}`
      : `unknown shorthand flag: '${quoted.charAt(1)}' in ${quoted}`
    io.warn(`${kind}${hint}${usage}`)
    return BAD_FLAGS
  }
  if (error.code === 'commander.optionMissingArgument') {
    io.warn(`flag needs an argument: ${quoted.replace(/ <.*$/, '').replace(/^-., /, '')}${usage}`)
    return BAD_FLAGS
  }
  const name = [...path, unknown ?? quoted].join(' ')
  const reason = NOT_YET.get(name)
  if (error.code === 'commander.unknownCommand' && reason !== undefined) {
    io.warn(`ctl: not implemented yet: ${name}${reason}${usage}`)
    return FAILED
  }
  const message = error.code === 'commander.unknownCommand' ? `ctl: unknown command: ${name}` : error.message
  io.warn(`${message}${hint}${usage}`)
  return FAILED
}
