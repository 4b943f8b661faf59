import { sleep } from '@shoal/common/clock'
import type { ManagerClient } from '../../client/index.js'
import { stackFilter } from '../../stack/convert/names.js'
import { type Command, forEach, type Io, isOn } from '../lib/command.js'

const POLL_MS = 200
/** As a shell reports a command that ctrl-C ended. */
const INTERRUPTED = 130

export const command: Command = {
  usage: '[OPTIONS] STACK [STACK...]',
  description:
    'Remove one or more stacks: their services, secrets, configs and networks. Volumes stay.\n' +
    'It ends when the last task has ended.',
  examples: ['ctl stack rm shop', 'ctl stack rm -d shop blog'],
  flags: [{ name: 'detach', short: 'd', help: 'Exit immediately instead of waiting for the tasks to end' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    let ended = true
    await forEach(args, async (stack) => {
      await removeStack(io, stack)
      if (!isOn(given, 'detach')) ended &&= await untilEnded(io, stack)
    })
    return ended ? 0 : INTERRUPTED
  },
}

interface Removable {
  kind: string
  name: string
  remove: () => Promise<void>
}

async function removeStack(io: Io, stack: string): Promise<void> {
  const found = await removables(io.client(), stack)
  if (found.length === 0) return io.warn(`Nothing found in stack: ${stack}`)
  for (const { kind, name, remove } of found) {
    io.print(`Removing ${kind} ${name}`)
    await remove()
  }
}

/** What belongs to a stack, in the order of its removal. */
async function removables(client: ManagerClient, stack: string): Promise<Removable[]> {
  const filter = stackFilter(stack)
  const [services, secrets, configs, networks] = await Promise.all([
    client.services(filter),
    client.storedFiles('secret', filter),
    client.storedFiles('config', filter),
    client.networks(filter),
  ])
  const named = (
    kind: string,
    id: string,
    name: string | undefined,
    remove: () => Promise<void>,
  ): Removable => ({
    kind,
    name: name ?? id,
    remove,
  })
  return [
    ...services.map(({ ID, Spec }) => named('service', ID, Spec.Name, () => client.removeService(ID))),
    ...secrets.map(({ ID, Spec }) =>
      named('secret', ID, Spec.Name, () => client.removeStoredFile('secret', ID)),
    ),
    ...configs.map(({ ID, Spec }) =>
      named('config', ID, Spec.Name, () => client.removeStoredFile('config', ID)),
    ),
    ...networks.map(({ Id, Name }) => named('network', Id, Name, () => client.removeNetwork(Id))),
  ]
}

/**
 * The tasks of services that are gone are found by the label of their stack until they have ended.
 * @returns whether they have; if not, the user would not wait
 */
function untilEnded(io: Io, stack: string): Promise<boolean> {
  return io.untilInterrupted(async (signal) => {
    while (!signal.aborted) {
      if ((await io.client().tasks(stackFilter(stack))).length === 0) return true
      await sleep(io.clock, POLL_MS, signal)
    }
    return false
  })
}
