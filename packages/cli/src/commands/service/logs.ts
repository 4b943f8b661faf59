import { ShoalError } from '@shoal/common/errors'
import type { Frame, LogQuery, ManagerClient } from '../../client/index.js'
import { shortId } from '../../output/index.js'
import { parseInstant } from '../../values/index.js'
import { argument, type Command, isOn, noResolveFlag, noTruncFlag, valueOf } from '../lib/command.js'

export const command: Command = {
  usage: '[OPTIONS] SERVICE|TASK',
  description: 'Fetch the logs of a service or task',
  examples: ['ctl service logs -f web', 'ctl service logs --since 10m --tail 20 --timestamps web'],
  flags: [
    { name: 'details', help: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', help: 'Follow log output' },
    noResolveFlag,
    { name: 'no-task-ids', help: 'Do not include task IDs in output' },
    noTruncFlag,
    { name: 'raw', help: 'Do not neatly format logs' },
    { name: 'since', value: 'string', help: 'Show logs since a timestamp, or for so long ("42m")' },
    { name: 'tail', short: 'n', value: 'string', help: 'Number of lines to show from the end of the logs' },
    { name: 'timestamps', short: 't', help: 'Show timestamps' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const ref = argument(args, 0)
    const subject = await subjectOf(client, ref)
    const since = valueOf(given, 'since')
    const raw = isOn(given, 'raw')
    const query: LogQuery = {
      details: !raw || isOn(given, 'details'),
      follow: isOn(given, 'follow'),
      timestamps: isOn(given, 'timestamps'),
      tail: valueOf(given, 'tail') ?? 'all',
      ...(since !== undefined && { since: parseInstant(since, io.clock.now()) }),
    }
    const names = new TaskNames(client, {
      resolve: !isOn(given, 'no-resolve'),
      taskIds: !isOn(given, 'no-task-ids'),
      whole: isOn(given, 'no-trunc'),
    })
    // Lines wait for the names of their tasks, one after the other.
    let printed: Promise<void> = Promise.resolve()
    const show = async ({ stream, bytes }: Frame): Promise<void> => {
      const text = bytes.toString('utf8')
      const line = raw || stream > 2 ? text : await prefixed(text, names, given)
      if (stream === 1) io.print(line.replace(/\n$/, ''))
      else io.warn(line.replace(/\n$/, ''))
    }
    await io.untilInterrupted(async (signal) => {
      await client.logs(
        subject,
        ref,
        query,
        (frame) => void (printed = printed.then(() => show(frame))),
        signal,
      )
      await printed
    })
  },
}

async function subjectOf(client: ManagerClient, ref: string): Promise<'services' | 'tasks'> {
  try {
    await client.service(ref)
    return 'services'
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'not-found') throw error
  }
  try {
    await client.task(ref)
    return 'tasks'
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'not-found') throw error
    throw new ShoalError('not-found', `no such task or service: ${ref}`)
  }
}

const CONTEXT = /^(?:(\d{4}-\S+Z) )?(\S*com\.docker\.swarm\.task\.id=\S*) ?([^]*)$/

/** `web.1.abc@host    | line`: the details that say where a line comes from become its beginning. */
async function prefixed(text: string, names: TaskNames, given: Parameters<typeof isOn>[0]): Promise<string> {
  const [, timestamp, context, line = ''] = CONTEXT.exec(text) ?? []
  if (context === undefined) return text
  const details = new Map(
    context.split(',').map((pair) => {
      const [key = '', value = ''] = pair.split('=')
      return [decodeURIComponent(key), decodeURIComponent(value)]
    }),
  )
  const name = await names.of(
    details.get('com.docker.swarm.task.id') ?? '',
    details.get('com.docker.swarm.node.id') ?? '',
  )
  const own = [...details].filter(([key]) => !key.startsWith('com.docker.swarm.'))
  const shown =
    isOn(given, 'details') && own.length > 0 ? `${own.map(([k, v]) => `${k}=${v}`).join(',')} ` : ''
  return `${name}    | ${timestamp === undefined ? '' : `${timestamp} `}${shown}${line}`
}

interface NameStyle {
  readonly resolve: boolean
  readonly taskIds: boolean
  readonly whole: boolean
}

/** What lines begin with: each task is asked for once. */
class TaskNames {
  readonly #client: ManagerClient
  readonly #style: NameStyle
  readonly #known = new Map<string, Promise<string>>()

  constructor(client: ManagerClient, style: NameStyle) {
    this.#client = client
    this.#style = style
  }

  of(taskId: string, nodeId: string): Promise<string> {
    const known = this.#known.get(taskId) ?? this.#ask(taskId, nodeId)
    this.#known.set(taskId, known)
    return known
  }

  async #ask(taskId: string, nodeId: string): Promise<string> {
    const { resolve, taskIds, whole } = this.#style
    const id = whole ? taskId : shortId(taskId)
    if (!resolve) return `${id}@${whole ? nodeId : shortId(nodeId)}`
    // Either may be gone by now: its ID says what is left to be said.
    const task = await this.#client.task(taskId).catch(() => undefined)
    const service = task && (await this.#client.service(task.ServiceID).catch(() => undefined))
    const node = await this.#client.node(nodeId).catch(() => undefined)
    const host = node?.Description.Hostname ?? shortId(nodeId)
    if (!task || !service) return `${id}@${host}`
    const place = `${service.Spec.Name}.${task.Slot || task.NodeID}`
    return `${taskIds ? `${place}.${id}` : place}@${host}`
  }
}
