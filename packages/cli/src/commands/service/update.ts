import { readFileSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import { registryAuthFor } from '../../client/index.js'
import { draftChangedService, pinImage, resolveReferences, UPDATE_FLAGS } from '../../spec/index.js'
import { argument, type Command, type Invocation, isOn } from '../lib/command.js'
import { rollBack } from './rollback.js'
import { waitForConvergence } from './wait.js'

export const command: Command = {
  usage: '[OPTIONS] SERVICE',
  description: 'Update a service',
  examples: [
    'ctl service update --image nginx:1.28 --update-parallelism 2 --update-delay 2s web',
    'ctl service update --env-add LEVEL=debug --env-rm OLD web',
    'ctl service update --publish-rm 80 --publish-add mode=host,published=8081,target=80 web',
    'ctl service update --force web       # start every task anew',
    'ctl service update --rollback web',
  ],
  flags: UPDATE_FLAGS,
  arguments: { least: 1, most: 1 },
  async run(invocation) {
    const { args, given, io } = invocation
    const ref = argument(args, 0)
    if (isOn(given, 'rollback')) return rollBackOnly(invocation, ref)
    const client = io.client()
    const service = await client.service(ref)
    const draft = draftChangedService(service.Spec, given, {
      environment: io.environment,
      readFile: (path) => readFileSync(path, 'utf8'),
    })
    const spec = await resolveReferences(draft, client)
    const image = spec.TaskTemplate?.ContainerSpec?.Image ?? ''
    const registryAuth = isOn(given, 'with-registry-auth')
      ? registryAuthFor(image, io.environment)
      : undefined
    if (given.has('image') && !isOn(given, 'no-resolve-image')) {
      const warning = await pinImage(spec, client, registryAuth)
      if (warning !== undefined) io.warn(warning)
    }
    const options = registryAuth === undefined ? {} : { registryAuth }
    const { Warnings } = await client.updateService(service, spec, options)
    for (const warning of Warnings ?? []) io.warn(warning)
    io.print(ref)
    if (isOn(given, 'detach')) return 0
    return waitForConvergence(io, ref, { name: ref, staleStatus: service.UpdateStatus }, isOn(given, 'quiet'))
  },
}

function rollBackOnly({ given, io }: Invocation, ref: string): Promise<number> {
  const others = [...given.keys()].filter((name) => !['rollback', 'detach', 'quiet'].includes(name))
  if (others.length > 0) {
    throw new ShoalError('invalid-argument', 'other flags may not be combined with --rollback')
  }
  return rollBack(io, ref, { detach: isOn(given, 'detach'), quiet: isOn(given, 'quiet') })
}
