import { ShoalError } from '@shoal/common/errors'
import type { ManagerClient } from '../../client/index.js'
import { type Command, forEach, isOn } from '../lib/command.js'

const INGRESS_WARNING =
  'WARNING! Without the routing-mesh network no service can publish ports on every node.\n' +
  'Are you sure you want to continue? [y/N]'

export const command: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  description: 'Remove one or more networks',
  examples: ['ctl network rm front'],
  flags: [{ name: 'force', short: 'f', help: 'Do not error if the network does not exist' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    await forEach(args, async (ref) => {
      if ((await isIngress(client, ref)) && !(await io.confirm(INGRESS_WARNING))) return
      try {
        await client.removeNetwork(ref)
      } catch (error) {
        const isGone = error instanceof ShoalError && error.code === 'not-found'
        if (!(isGone && isOn(given, 'force'))) throw error
        return
      }
      io.print(ref)
    })
  },
}

async function isIngress(client: ManagerClient, ref: string): Promise<boolean> {
  try {
    return (await client.inspectNetwork(ref, false)).Ingress
  } catch (error) {
    if (error instanceof ShoalError && error.code === 'not-found') return false
    throw error
  }
}
