import { ShoalError } from '@shoal/common/errors'
import { planDeploy } from '../../stack/index.js'
import { argument, type Command, isOn, valueOf } from '../lib/command.js'
import { carryOut } from './carry-out.js'
import { STACK_FLAGS, readStack } from './compose.js'
import { observe } from './observe.js'
import { waitForAll } from './wait.js'

const RESOLUTIONS = ['always', 'changed', 'never']

export const command: Command = {
  usage: '[OPTIONS] STACK',
  description:
    'Deploy a new stack or update an existing stack, from files of the Compose Specification.\n' +
    'What is as the files want it is not touched: an unchanged deploy changes nothing.\n' +
    'A secret or config whose content changed gets a new version, `NAME-2`; old ones are removed\n' +
    'as soon as no service refers to them, nor would after a rollback.',
  examples: [
    'ctl stack deploy -c compose.yaml shop',
    'ctl stack deploy -c compose.yaml -c production.yaml --env-file production.env shop',
    'ctl stack plan -c compose.yaml shop       # what it would change',
    'ctl stack deploy --bundle-file shop.dab shop',
    'ctl stack deploy --prune -d shop          # of ./compose.yaml; removes what it does not name any more',
  ],
  flags: [
    ...STACK_FLAGS,
    { name: 'prune', help: 'Remove services, secrets, configs and networks that are no longer in the files' },
    { name: 'with-registry-auth', help: 'Send registry authentication details to the nodes' },
    {
      name: 'resolve-image',
      value: 'string',
      help: 'Ask the registry for the digests of new images ("always", "changed", "never") (default "always")',
    },
    { name: 'detach', short: 'd', help: 'Exit immediately instead of waiting for the services to converge' },
    { name: 'quiet', short: 'q', help: 'Suppress progress output' },
  ],
  arguments: { least: 1, most: 1 },
  async run(invocation) {
    const { args, given, io } = invocation
    const resolution = valueOf(given, 'resolve-image') ?? 'always'
    if (!RESOLUTIONS.includes(resolution)) {
      throw new ShoalError('invalid-argument', `invalid option ${resolution} for flag --resolve-image`)
    }
    const desired = await readStack(invocation, argument(args, 0))
    const steps = planDeploy(desired, await observe(io.client()), isOn(given, 'prune'))
    if (steps.length === 0) io.print(`Nothing to change in stack ${desired.stack}`)
    const changed = await carryOut(steps, io, {
      resolveImages: resolution !== 'never',
      withRegistryAuth: isOn(given, 'with-registry-auth'),
    })
    return isOn(given, 'detach') ? 0 : waitForAll(changed, io, isOn(given, 'quiet'))
  },
}
