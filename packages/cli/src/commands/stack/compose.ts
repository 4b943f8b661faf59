import { existsSync, readFileSync } from 'node:fs'
import { messageOf, ShoalError } from '@shoal/common/errors'
import {
  desiredBundle,
  type DesiredStack,
  desiredStack,
  type Files,
  type Project,
  readProject,
} from '../../stack/index.js'
import type { FlagText, Invocation, Io } from '../lib/command.js'
import { isOn, valueOf } from '../lib/command.js'

const STDIN = '-'
const STDIN_FD = 0
/** What is read when no file is named: the first that there is, and the override that belongs to it. */
const DEFAULTS = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const STACK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/

/** The flags of every command that reads Compose files. */
export const COMPOSE_FLAGS: readonly FlagText[] = [
  {
    name: 'compose-file',
    short: 'c',
    value: 'path',
    help: 'Path to a Compose file, or "-" to read from stdin; several are merged (default compose.yaml)',
  },
  { name: 'file', short: 'f', value: 'path', help: 'Another name of --compose-file' },
  {
    name: 'env-file',
    value: 'path',
    help: 'File with variables to put in (default .env beside the first file)',
  },
  { name: 'profile', value: 'name', help: 'Profile to enable ("*" for all)' },
  {
    name: 'ignore-unsupported',
    help: 'Leave out keys that a cluster cannot honour, with a warning, instead of refusing them',
  },
]

/** The flags of commands that read Compose files or, instead, one bundle. */
export const STACK_FLAGS: readonly FlagText[] = [
  ...COMPOSE_FLAGS,
  { name: 'bundle-file', value: 'path', help: 'Path to a distributed application bundle (.dab) instead' },
]

const FILES: Files = {
  read: (path) => readFileSync(path === STDIN ? STDIN_FD : path, 'utf8'),
  readBytes: (path) => readFileSync(path),
  exists: existsSync,
}

/** The Compose files of a command line. Warnings are printed. @throws invalid-argument when they cannot be deployed */
export async function readCompose({ given, io }: Invocation, stack: string): Promise<Project> {
  checkStackName(stack)
  const named = [...(given.get('compose-file') ?? []), ...(given.get('file') ?? [])]
  const project = await readProject({
    stack,
    composeFiles: named.length > 0 ? named : defaultFiles(),
    envFiles: given.get('env-file') ?? [],
    profiles: given.get('profile') ?? [],
    environment: io.environment,
    files: FILES,
  })
  for (const warning of project.warnings) io.warn(warning)
  refuse(project, isOn(given, 'ignore-unsupported'), io)
  return project
}

/** The same, or a bundle, as what they want of the cluster. */
export async function readStack(invocation: Invocation, stack: string): Promise<DesiredStack> {
  const { given } = invocation
  const bundle = valueOf(given, 'bundle-file')
  if (bundle !== undefined) {
    if (COMPOSE_FLAGS.some(({ name }) => given.has(name))) {
      throw new ShoalError(
        'invalid-argument',
        'You cannot specify both a bundle file and a Compose file, nor flags of the latter.',
      )
    }
    checkStackName(stack)
    return desiredBundle(stack, readBundle(bundle))
  }
  return desiredStack(await readCompose(invocation, stack))
}

function checkStackName(stack: string): void {
  if (!STACK_NAME.test(stack)) {
    throw new ShoalError('invalid-argument', `invalid stack name: ${JSON.stringify(stack)}`)
  }
}

function readBundle(path: string): string {
  try {
    return FILES.read(path)
  } catch (error) {
    throw new ShoalError('invalid-argument', messageOf(error), error)
  }
}

function refuse({ refused }: Project, ignore: boolean, io: Io): void {
  if (refused.length === 0) return
  const names = refused.join(', ')
  if (ignore) return io.warn(`Ignoring what a cluster cannot honour: ${names}`)
  throw new ShoalError(
    'invalid-argument',
    `a cluster cannot honour ${names}\n(--ignore-unsupported leaves it out)`,
  )
}

function defaultFiles(): string[] {
  const found = DEFAULTS.find((name) => existsSync(name))
  if (found === undefined) {
    throw new ShoalError('invalid-argument', 'no Compose file: specify one with --compose-file')
  }
  const override = found.replace('compose.', 'compose.override.')
  return existsSync(override) ? [found, override] : [found]
}
