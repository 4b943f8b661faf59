import { ShoalError } from '@shoal/common/errors'
import { completionScript, SHELLS } from '../../completion/index.js'
import { argument, type Command } from '../lib/command.js'

export const command: Command = {
  usage: 'bash|zsh|fish',
  description:
    'Print the script that completes commands, flags and the names of services, nodes, networks … in a shell',
  examples: [
    'source <(ctl completion bash)                                  # in ~/.bashrc',
    'source <(ctl completion zsh)                                   # in ~/.zshrc, after compinit',
    'ctl completion fish > ~/.config/fish/completions/ctl.fish',
  ],
  flags: [],
  arguments: { least: 1, most: 1 },
  run({ args, io }) {
    const asked = argument(args, 0)
    const shell = SHELLS.find((name) => name === asked)
    if (shell === undefined) {
      throw new ShoalError(
        'invalid-argument',
        `there is no completion for ${asked}, but for ${SHELLS.join(', ')}`,
      )
    }
    io.print(completionScript(shell))
    return Promise.resolve()
  },
}
