import { readFileSync } from 'node:fs'
import { registryAuthFor } from '../../client/index.js'
import { CREATE_FLAGS, draftNewService, pinImage, resolveReferences } from '../../spec/index.js'
import { argument, type Command, isOn } from '../lib/command.js'
import { waitForConvergence } from './wait.js'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new service',
  examples: [
    'ctl service create --name web --replicas 3 nginx:1.27',
    'ctl service create --name web --publish mode=host,published=8080,target=80 nginx:1.27',
    'ctl service create --name agent --mode global --mount type=bind,src=/var/log,dst=/logs,ro busybox sleep 1d',
    'ctl service create --name api --update-order start-first --update-failure-action rollback app:2',
    "ctl service create --name web --constraint 'node.labels.zone==/^east-/' --constraint 'affinity:service!=db' app:2",
  ],
  flags: CREATE_FLAGS,
  arguments: { least: 1 },
  endsAtArgument: true,
  async run({ args, given, io }) {
    const client = io.client()
    const [image, ...rest] = [argument(args, 0), ...args.slice(1)]
    const draft = draftNewService(image, rest, given, {
      environment: io.environment,
      readFile: (path) => readFileSync(path, 'utf8'),
    })
    const spec = await resolveReferences(draft, client)
    const auth = isOn(given, 'with-registry-auth') ? registryAuthFor(image, io.environment) : undefined
    if (!isOn(given, 'no-resolve-image')) {
      const warning = await pinImage(spec, client, auth)
      if (warning !== undefined) io.warn(warning)
    }
    const { ID, Warnings } = await client.createService(spec, auth)
    for (const warning of Warnings ?? []) io.warn(warning)
    io.print(ID)
    if (isOn(given, 'detach')) return 0
    return waitForConvergence(io, ID, { name: ID }, isOn(given, 'quiet'))
  },
}
