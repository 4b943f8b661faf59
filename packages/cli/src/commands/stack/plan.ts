import { planDeploy, planSummary, stepLines } from '../../stack/index.js'
import { argument, type Command, isOn } from '../lib/command.js'
import { STACK_FLAGS, readStack } from './compose.js'
import { observe } from './observe.js'

/** The exit code when a deploy would change something: scripts can tell it from a failure. */
const WOULD_CHANGE = 2

export const command: Command = {
  usage: '[OPTIONS] STACK',
  description:
    'Show what a deploy would change, and change nothing: + is created, ~ updated (with the\n' +
    'fields that change), - removed. Images are shown as written; a deploy pins new ones.\n\n' +
    'Exit codes: 0 nothing would change, 2 something would, 1 the stack cannot be deployed.',
  examples: [
    'ctl stack plan -c compose.yaml shop',
    'ctl stack plan -c compose.yaml --prune shop',
    'ctl stack plan -q shop || ctl stack deploy shop',
  ],
  flags: [
    ...STACK_FLAGS,
    { name: 'prune', help: 'Also remove what is no longer in the files, as deploy --prune does' },
    { name: 'quiet', short: 'q', help: 'Print nothing: the exit code says it' },
  ],
  arguments: { least: 1, most: 1 },
  async run(invocation) {
    const { args, given, io } = invocation
    const desired = await readStack(invocation, argument(args, 0))
    const steps = planDeploy(desired, await observe(io.client()), isOn(given, 'prune'))
    if (!isOn(given, 'quiet')) {
      for (const step of steps) for (const line of stepLines(step)) io.print(line)
      io.print(steps.length === 0 ? `Nothing to change in stack ${desired.stack}` : planSummary(steps))
    }
    return steps.length === 0 ? 0 : WOULD_CHANGE
  },
}
