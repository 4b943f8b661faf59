import { ADDRESS_VARIABLES, DEFAULT_CONTEXT } from '../../contexts/index.js'
import { argument, type Command } from '../lib/command.js'

export const command: Command = {
  usage: 'CONTEXT',
  description: 'Set the context that is in force from now on',
  examples: ['ctl context use prod', 'ctl context use default   # the local manager again'],
  flags: [],
  arguments: { least: 1, most: 1 },
  run({ args, io }) {
    const name = argument(args, 0)
    const store = io.contexts()
    if (name !== DEFAULT_CONTEXT) store.get(name)
    store.use(name === DEFAULT_CONTEXT ? undefined : name)
    io.print(name)
    io.warn(`Current context is now "${name}"`)
    const stronger = [...ADDRESS_VARIABLES, 'SHOAL_CONTEXT'].find((variable) => io.environment[variable])
    if (stronger !== undefined) {
      io.warn(
        `Warning: ${stronger} environment variable overrides the active context. To use "${name}", either set the global --context flag, or unset ${stronger} environment variable.`,
      )
    }
    return Promise.resolve()
  },
}
