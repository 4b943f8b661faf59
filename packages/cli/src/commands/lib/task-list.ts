import type { Task } from '@shoal/engine-api'
import {
  ago,
  capitalised,
  ellipsis,
  familiarImage,
  listing,
  type ListingStyle,
  naturalOrder,
  type Row,
  shortId,
} from '../../output/index.js'
import type { ManagerClient } from '../../client/index.js'
import {
  filterFlag,
  formatFlag,
  type Invocation,
  isOn,
  noResolveFlag,
  noTruncFlag,
  quietFlag,
  valueOf,
} from './command.js'

const LONGEST_ERROR = 30

/** The flags of every `ps`. */
export const TASK_LIST_FLAGS = [filterFlag, formatFlag, noResolveFlag, noTruncFlag, quietFlag]

const TASK_LISTING: ListingStyle = {
  headers: {
    ID: 'ID',
    Name: 'NAME',
    Image: 'IMAGE',
    Node: 'NODE',
    DesiredState: 'DESIRED STATE',
    CurrentState: 'CURRENT STATE',
    Error: 'ERROR',
    Ports: 'PORTS',
  },
  table:
    '{{.ID}}\t{{.Name}}\t{{.Image}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Error}}\t{{.Ports}}',
}

interface TaskListOptions {
  truncate: boolean
  /** Whether earlier tasks of a slot are indented: in tables only. */
  indent: boolean
  nowMs: number
  serviceName: (id: string) => string
  nodeName: (id: string) => string
}

/** The lines of a list of tasks: by name, the newest of each slot first, its history under it. */
function taskRows(tasks: readonly Task[], options: TaskListOptions): Row[] {
  const named = tasks.map((task) => ({ task, name: taskName(task, options) }))
  named.sort(
    (a, b) => naturalOrder(a.name, b.name) || Date.parse(b.task.CreatedAt) - Date.parse(a.task.CreatedAt),
  )
  return named.map(({ task, name }, index) => {
    const isHistory = options.indent && named[index - 1]?.name === name
    return taskRow(task, isHistory ? ` \\_ ${name}` : name, options)
  })
}

function taskName(task: Task, options: TaskListOptions): string {
  return `${options.serviceName(task.ServiceID)}.${task.Slot ? task.Slot : (task.NodeID ?? '')}`
}

function taskRow(task: Task, name: string, { truncate, nowMs, nodeName }: TaskListOptions): Row {
  const image = task.Spec.ContainerSpec?.Image ?? ''
  const error = task.Status.Err ?? ''
  const shownError = truncate ? ellipsis(error, LONGEST_ERROR) : error
  const ports = task.Status.PortStatus?.Ports ?? []
  return {
    ID: truncate ? shortId(task.ID) : task.ID,
    Name: name,
    Image: truncate ? familiarImage(image) : image,
    Node: task.NodeID ? nodeName(task.NodeID) : '',
    DesiredState: capitalised(task.DesiredState),
    CurrentState: `${capitalised(task.Status.State)} ${ago(task.Status.Timestamp, nowMs)}`,
    Error: shownError === '' ? '' : `"${shownError}"`,
    Ports: ports
      .map((port) => `*:${port.PublishedPort}->${port.TargetPort}/${port.Protocol ?? 'tcp'}`)
      .join(','),
  }
}

/** Looks the names of services and nodes up, each once; an ID whose object is gone stays an ID. */
async function resolveNames(
  client: ManagerClient,
  tasks: readonly Task[],
  resolve: boolean,
): Promise<Pick<TaskListOptions, 'serviceName' | 'nodeName'>> {
  if (!resolve || tasks.length === 0) return { serviceName: (id) => id, nodeName: (id) => id }
  const [services, nodes] = await Promise.all([client.services(), client.nodes()])
  const serviceNames = new Map(services.map((service) => [service.ID, service.Spec.Name ?? service.ID]))
  const nodeNames = new Map(
    nodes.map((node) => [node.ID, node.Spec.Name || node.Description.Hostname || node.ID]),
  )
  return { serviceName: (id) => serviceNames.get(id) ?? id, nodeName: (id) => nodeNames.get(id) ?? id }
}

/** Prints tasks as the flags of `ps` ask for it. */
export async function printTasks(
  client: ManagerClient,
  tasks: readonly Task[],
  { given, io }: Pick<Invocation, 'given' | 'io'>,
): Promise<void> {
  const quiet = isOn(given, 'quiet')
  const format = valueOf(given, 'format')
  const names = await resolveNames(client, tasks, !isOn(given, 'no-resolve') && !quiet)
  const rows = taskRows(tasks, {
    truncate: !isOn(given, 'no-trunc') && !quiet,
    indent: format === undefined || format.startsWith('table'),
    nowMs: io.clock.now(),
    ...names,
  })
  for (const line of listing(TASK_LISTING, rows, { quiet, format })) io.print(line)
}
