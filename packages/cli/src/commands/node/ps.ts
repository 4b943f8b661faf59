import { messageOf, ShoalError } from '@shoal/common/errors'
import type { Task } from '@shoal/engine-api'
import { parseFilters } from '../../values/index.js'
import type { Command } from '../lib/command.js'
import { nodeReference } from '../lib/node-ref.js'
import { printTasks, TASK_LIST_FLAGS } from '../lib/task-list.js'

export const command: Command = {
  usage: '[OPTIONS] [NODE...]',
  description: 'List tasks running on one or more nodes, defaults to current node',
  examples: ['ctl node ps', 'ctl node ps host-2 --filter desired-state=running'],
  flags: TASK_LIST_FLAGS,
  arguments: { least: 0 },
  async run({ args, given, io }) {
    const client = io.client()
    const filters = parseFilters(given.get('filter') ?? [])
    const failures: string[] = []
    const tasks: Task[] = []
    for (const ref of args.length === 0 ? ['self'] : args) {
      try {
        const node = await client.node(await nodeReference(client, ref))
        tasks.push(...(await client.tasks({ ...filters, node: [node.ID] })))
      } catch (error) {
        failures.push(messageOf(error))
      }
    }
    if (failures.length === 0 || tasks.length > 0) {
      await printTasks(client, tasks, { given, io })
    }
    if (failures.length > 0) throw new ShoalError('failed-precondition', failures.join('\n'))
  },
}
