import { ShoalError } from '@shoal/common/errors'
import type { NodeSpec } from '@shoal/engine-api'
import { toMap } from '../../values/index.js'
import { argument, type Command, valueOf } from '../lib/command.js'
import { nodeReference } from '../lib/node-ref.js'
import type { GivenFlags } from '../../spec/index.js'

export const command: Command = {
  usage: '[OPTIONS] NODE',
  description: 'Update a node',
  examples: [
    'ctl node update --availability drain host-2',
    'ctl node update --label-add disk=ssd --label-rm old host-2',
  ],
  flags: [
    { name: 'availability', value: 'string', help: 'Availability of the node ("active", "pause", "drain")' },
    { name: 'label-add', value: 'list', help: 'Add or update a node label ("key=value")' },
    { name: 'label-rm', value: 'list', help: 'Remove a node label if exists' },
    { name: 'role', value: 'string', help: 'Role of the node ("worker", "manager")' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const ref = argument(args, 0)
    const node = await client.node(await nodeReference(client, ref))
    await client.updateNode(node, changedNodeSpec(node.Spec, given))
    io.print(ref)
  },
}

/** The spec of a node after the flags. A label that is to be removed must be there. */
export function changedNodeSpec(spec: NodeSpec, given: GivenFlags): NodeSpec {
  const role = valueOf(given, 'role')
  const availability = valueOf(given, 'availability')
  const labels = { ...spec.Labels, ...toMap(given.get('label-add') ?? []) }
  for (const key of given.get('label-rm') ?? []) {
    if (!Object.hasOwn(labels, key)) {
      throw new ShoalError('invalid-argument', `key ${key} doesn't exist in node's labels`)
    }
    delete labels[key]
  }
  return {
    ...spec,
    Labels: labels,
    ...(role !== undefined && { Role: role }),
    ...(availability !== undefined && { Availability: availability }),
  }
}
