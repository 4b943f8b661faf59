import { ShoalError } from '@shoal/common/errors'
import { DEFAULT_CONTEXT } from '../../contexts/index.js'
import { type Command, forEach, isOn } from '../lib/command.js'

export const command: Command = {
  usage: 'CONTEXT [CONTEXT...]',
  description: 'Remove one or more contexts',
  flags: [{ name: 'force', short: 'f', help: 'Force the removal of a context in use' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const store = io.contexts()
    await forEach(args, (name) => {
      if (name === DEFAULT_CONTEXT) {
        throw new ShoalError('failed-precondition', `context "${name}": context "${name}" cannot be removed`)
      }
      if (!store.has(name)) throw new ShoalError('not-found', `context "${name}" not found`)
      const isCurrent = store.current() === name
      if (isCurrent && !isOn(given, 'force')) {
        throw new ShoalError(
          'failed-precondition',
          `context "${name}" is in use, set -f flag to force remove`,
        )
      }
      store.remove(name)
      if (isCurrent) store.use(undefined)
      io.print(name)
      return Promise.resolve()
    })
  },
}
