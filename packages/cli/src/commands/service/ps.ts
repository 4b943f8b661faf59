import { ShoalError } from '@shoal/common/errors'
import type { Filters, ManagerClient } from '../../client/index.js'
import { parseFilters } from '../../values/index.js'
import type { Command } from '../lib/command.js'
import { printTasks, TASK_LIST_FLAGS } from '../lib/task-list.js'

export const command: Command = {
  usage: '[OPTIONS] SERVICE [SERVICE...]',
  description: 'List the tasks of one or more services',
  examples: [
    'ctl service ps web',
    'ctl service ps --no-trunc web        # with the whole error of each task',
    'ctl service ps -f desired-state=running web',
    'ctl service explain web              # why tasks wait, node by node',
  ],
  flags: TASK_LIST_FLAGS,
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const { ids, missing } = await findServices(client, args)
    const notFound = missing.map((name) => `no such service: ${name}`).join('\n')
    if (ids.length === 0) throw new ShoalError('not-found', notFound)
    const filters = parseFilters(given.get('filter') ?? [])
    const tasks = await client.tasks({ ...(await withNodeIds(client, filters)), service: ids })
    await printTasks(client, tasks, { given, io })
    if (notFound !== '') throw new ShoalError('not-found', notFound)
  },
}

/** The IDs of services by full ID, full name, or the beginning of an ID. */
async function findServices(
  client: ManagerClient,
  refs: readonly string[],
): Promise<{ ids: string[]; missing: string[] }> {
  const [byId, byName] = await Promise.all([client.services({ id: refs }), client.services({ name: refs })])
  const ids: string[] = []
  const missing: string[] = []
  for (const ref of refs) {
    const exact =
      byId.find((service) => service.ID === ref) ?? byName.find((service) => service.Spec.Name === ref)
    const matches = exact ? [exact] : byId.filter((service) => service.ID.startsWith(ref))
    if (matches.length > 1) {
      throw new ShoalError('invalid-argument', `multiple services found with provided prefix: ${ref}`)
    }
    if (matches[0] === undefined) missing.push(ref)
    else ids.push(matches[0].ID)
  }
  return { ids, missing }
}

async function withNodeIds(client: ManagerClient, filters: Record<string, string[]>): Promise<Filters> {
  if (!filters['node']?.includes('self')) return filters
  const self = (await client.info()).Swarm?.NodeID ?? 'self'
  return { ...filters, node: filters['node'].map((ref) => (ref === 'self' ? self : ref)) }
}
