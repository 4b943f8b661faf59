import { readFileSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import type { ExecOptions } from '../../client/index.js'
import { readVariables } from '../../spec/variables.js'
import { checkVariable } from '../../values/index.js'
import { argument, type Command, type FlagText, type Invocation, isOn, valueOf } from '../lib/command.js'
import { converse } from './converse.js'

const FLAGS: readonly FlagText[] = [
  { name: 'detach', short: 'd', help: 'Detached mode: run command in the background' },
  { name: 'detach-keys', value: 'string', help: 'Override the key sequence for detaching a container' },
  { name: 'env', short: 'e', value: 'list', help: 'Set environment variables' },
  { name: 'env-file', value: 'list', help: 'Read in a file of environment variables' },
  { name: 'interactive', short: 'i', help: 'Keep STDIN open even if not attached' },
  { name: 'privileged', help: 'Give extended privileges to the command' },
  { name: 'tty', short: 't', help: 'Allocate a pseudo-TTY' },
  { name: 'user', short: 'u', value: 'string', help: 'Username or UID (format: "<name|uid>[:<group|gid>]")' },
  { name: 'workdir', short: 'w', value: 'string', help: 'Working directory inside the container' },
]

export const command: Command = {
  usage: '[OPTIONS] TASK|CONTAINER COMMAND [ARG...]',
  description: 'Execute a command in a running container, on whichever node it is',
  examples: [
    'ctl exec -it web.1 sh                 # slot 1 of the service web',
    'ctl exec web.1 cat /etc/hosts',
    'ctl exec -i db.1 psql < dump.sql',
  ],
  flags: FLAGS,
  arguments: { least: 2 },
  endsAtArgument: true,
  async run(invocation) {
    const { given, io } = invocation
    const { containers } = io.client()
    const console = io.console()
    const options = execOptions(invocation)
    if (options.AttachStdin && options.Tty && !console.inputIsTerminal) {
      throw new ShoalError('invalid-argument', 'the input device is not a TTY')
    }
    const exec = await containers.createExec(argument(invocation.args, 0), options)
    if (isOn(given, 'detach')) {
      await containers.startDetached(exec, options.Tty)
      return 0
    }
    const stream = await containers.start(exec, options.Tty)
    await converse({
      stream,
      console,
      clock: io.clock,
      terminal: options.Tty,
      takesInput: options.AttachStdin,
      resize: (window) => containers.resizeExec(exec, window),
    })
    // A command that goes on, because the user has detached from it, has no exit code: that is no failure.
    return (await containers.exitCodeOf(exec)) ?? 0
  },
}

function execOptions({ args, given, io }: Invocation): ExecOptions {
  const attached = !isOn(given, 'detach')
  const user = valueOf(given, 'user')
  const folder = valueOf(given, 'workdir')
  const keys = valueOf(given, 'detach-keys')
  return {
    AttachStdin: attached && isOn(given, 'interactive'),
    AttachStdout: attached,
    AttachStderr: attached,
    Tty: isOn(given, 'tty'),
    Cmd: args.slice(1),
    Env: variables(given.get('env') ?? [], given.get('env-file') ?? [], io.environment),
    Privileged: isOn(given, 'privileged'),
    ...(user && { User: user }),
    ...(folder && { WorkingDir: folder }),
    ...(keys && { DetachKeys: keys }),
  }
}

/** Those of the files, then those of the flags; a bare name is taken from ctl's own environment. */
function variables(
  flags: readonly string[],
  files: readonly string[],
  environment: Invocation['io']['environment'],
): string[] {
  const surroundings = { environment, readFile: (path: string) => readFileSync(path, 'utf8') }
  const ofFlags = flags.flatMap((text) => {
    const variable = checkVariable(text)
    if (variable.includes('=')) return [variable]
    const inherited = environment[variable]
    return inherited === undefined ? [] : [`${variable}=${inherited}`]
  })
  return [...files.flatMap((path) => readVariables(path, surroundings)), ...ofFlags]
}
