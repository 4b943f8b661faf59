import { ShoalError } from '@shoal/common/errors'
import { stackFilter } from '../../stack/convert/names.js'
import { parseFilters } from '../../values/index.js'
import { argument, type Command } from '../lib/command.js'
import { printTasks, TASK_LIST_FLAGS } from '../lib/task-list.js'
import { withStack } from './filter.js'

export const command: Command = {
  usage: '[OPTIONS] STACK',
  description: 'List the tasks in the stack',
  examples: ['ctl stack ps shop', 'ctl stack ps --no-trunc -f desired-state=running shop'],
  flags: TASK_LIST_FLAGS,
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const stack = argument(args, 0)
    const client = io.client()
    const filters = withStack(parseFilters(given.get('filter') ?? []), stackFilter(stack))
    const tasks = await client.tasks(filters)
    if (tasks.length === 0) throw new ShoalError('not-found', `nothing found in stack: ${stack}`)
    await printTasks(client, tasks, { given, io })
  },
}
