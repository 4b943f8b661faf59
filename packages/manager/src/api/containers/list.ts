import { ShoalError } from '@shoal/common'
import type { FastifyRequest } from 'fastify'
import { mapInTurns } from '../../loops/in-turns.js'
import type { StateView } from '../../state/view.js'
import { notImplemented } from '../errors.js'
import type { ApiOptions } from '../options.js'
import { readFilters, type Filters } from '../request/filters.js'
import { looseBoolean, queryText } from '../request/query.js'
import { containerName, containerOf, findContainer, type TaskContainer } from './find.js'
import { HEALTHS, type Health, healthOf } from './health.js'
import { humanDuration } from './human-duration.js'
import { type ContainerMount, isMounted, mountsOf } from './mounts.js'
import { type ContainerPort, portFilter, portsOf } from './ports.js'

const FILTERS = [
  'id',
  'name',
  'label',
  'status',
  'ancestor',
  'exited',
  'network',
  'before',
  'since',
  'is-task',
  'node',
  'service',
  'health',
  'publish',
  'volume',
  // Of no meaning on Linux, as with Docker.
  'isolation',
]
/** This one asks for what only the images know. */
const NOT_YET = ['expose']
const STATES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']
const MS_PER_SECOND = 1000

/** One line of `docker ps`. */
export interface ContainerSummary {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly ImageID: string
  readonly Command: string
  readonly Created: number
  readonly Ports: readonly ContainerPort[]
  readonly Labels: Readonly<Record<string, string>>
  readonly State: string
  readonly Status: string
  readonly HostConfig: object
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> }
  readonly Mounts: readonly ContainerMount[]
}

/** @throws ShoalError `invalid-argument` for malformed parameters, `unimplemented` for what is not known here */
export async function listContainers(
  { state, clock }: Pick<ApiOptions, 'state' | 'clock'>,
  request: FastifyRequest,
): Promise<ContainerSummary[]> {
  if (looseBoolean(request, 'size')) throw notImplemented('the size of containers (size)')
  const filters = readFilters(request, [...FILTERS, ...NOT_YET])
  for (const key of NOT_YET) {
    if (filters.values(key).length > 0) throw notImplemented(`the filter ${key} of containers`)
  }
  const limit = limitOf(request)
  const all =
    looseBoolean(request, 'all') ||
    limit !== undefined ||
    filters.values('status').length > 0 ||
    filters.values('exited').length > 0
  const mayMatch = containerFilter(state, filters)
  const nowMs = clock.now()
  let left = limit ?? Infinity
  const known = [...state.all('task')].flatMap((task) => containerOf(task) ?? [])
  return mapInTurns(clock, known.sort(newestFirst), (container) => {
    if (left === 0 || !mayMatch(container)) return undefined
    if (!all && stateOf(container.task.Status.State) !== 'running') return undefined
    const summary = containerAnswer(state, container, nowMs)
    if (!summaryMatches(filters, container, summary)) return undefined
    left--
    return summary
  })
}

function newestFirst({ task: a }: TaskContainer, { task: b }: TaskContainer): number {
  return a.CreatedAt === b.CreatedAt ? 0 : a.CreatedAt < b.CreatedAt ? 1 : -1
}

function limitOf(request: FastifyRequest): number | undefined {
  const text = queryText(request, 'limit')
  if (text === '') return undefined
  if (!/^-?\d{1,9}$/.test(text)) {
    throw new ShoalError(
      'invalid-argument',
      `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
  return Number(text) > 0 ? Number(text) : undefined
}

function containerFilter(state: StateView, filters: Filters): (container: TaskContainer) => boolean {
  for (const status of filters.values('status')) {
    if (!STATES.includes(status))
      throw new ShoalError('invalid-argument', `invalid filter 'status=${status}'`)
  }
  for (const health of filters.values('health')) {
    if (!HEALTHS.includes(health as Health))
      throw new ShoalError('invalid-argument', `invalid filter 'health=${health}'`)
  }
  const published = filters.values('publish').map(portFilter)
  const [before, since] = ['before', 'since'].map((key) => {
    const [reference] = filters.values(key)
    return reference === undefined ? undefined : findContainer(state, reference).task.CreatedAt
  })
  return ({ task, containerId, nodeId }) =>
    filters.prefix('id', containerId) &&
    filters.some('node', (node) => node === nodeId || node === hostOf(state, nodeId)) &&
    filters.some('service', (service) =>
      [task.ServiceID, state.get('service', task.ServiceID)?.Spec.Name].includes(service),
    ) &&
    filters.some('health', (health) => health === healthOf(state, task)) &&
    (published.length === 0 || published.some((isAmong) => isAmong(portsOf(task)))) &&
    filters.some('is-task', (wanted) => ['1', 'true'].includes(wanted)) &&
    (before === undefined || task.CreatedAt < before) &&
    (since === undefined || task.CreatedAt > since)
}

function summaryMatches(filters: Filters, { task }: TaskContainer, summary: ContainerSummary): boolean {
  const image = summary.Image.split('@')[0] ?? ''
  const networks = task.NetworksAttachments ?? []
  return (
    filters.some('name', (pattern) => summary.Names.some((name) => nameMatches(name, pattern))) &&
    filters.labels('label', summary.Labels) &&
    filters.some('status', (status) => status === summary.State) &&
    filters.some('ancestor', (wanted) =>
      [summary.Image, image, image.replace(/:[^/:]*$/, '')].includes(wanted),
    ) &&
    filters.some('exited', (code) => code === String(exitCode(task)) && summary.State === 'exited') &&
    filters.some('volume', (wanted) => isMounted(summary.Mounts, wanted)) &&
    filters.some('network', (wanted) =>
      networks.some(({ Network }) => Network.ID.startsWith(wanted) || Network.Spec.Name === wanted),
    )
  )
}

/** Docker takes a regular expression here. Of those, the anchors are honoured; all else stands for itself. */
function nameMatches(name: string, pattern: string): boolean {
  const [, start, text = '', end] = /^(\^?\/?)(.*?)(\$?)$/s.exec(pattern) ?? []
  const short = name.slice(name.lastIndexOf('/') + 1)
  return [name.slice(1), short].some((one) => {
    if (start?.startsWith('^') && !one.startsWith(text)) return false
    return end === '$'
      ? one.endsWith(text) && (start?.startsWith('^') ? one === text : true)
      : one.includes(text)
  })
}

const exitCode = (task: TaskContainer['task']): number => task.Status.ContainerStatus?.ExitCode ?? 0

function hostOf(state: StateView, nodeId: string): string {
  return state.get('node', nodeId)?.Description.Hostname ?? nodeId
}

function stateOf(state: string): 'created' | 'running' | 'exited' | 'dead' {
  if (state === 'running' || state === 'starting') return 'running'
  if (state === 'orphaned') return 'dead'
  return ['complete', 'failed', 'shutdown', 'rejected', 'remove'].includes(state) ? 'exited' : 'created'
}

/** What the state knows of a container. Its name is `/<host>/<name>`: so `docker ps` shows where it is. */
function containerAnswer(state: StateView, container: TaskContainer, nowMs: number): ContainerSummary {
  const { task, containerId, nodeId } = container
  const spec = state.specOf(task)?.TaskTemplate?.ContainerSpec ?? {}
  return {
    Id: containerId,
    Names: [`/${hostOf(state, nodeId)}/${containerName(state, task)}`],
    Image: spec.Image ?? '',
    ImageID: '',
    Command: [...(spec.Command ?? []), ...(spec.Args ?? [])].join(' '),
    Created: Math.floor(Date.parse(task.CreatedAt) / MS_PER_SECOND),
    Ports: portsOf(task),
    Labels: containerLabels(state, container),
    State: stateOf(task.Status.State),
    Status: statusText(state, container, nowMs),
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Networks: networksOf(task) },
    Mounts: mountsOf(spec),
  }
}

/** The labels of a task's container, with those by which Docker's own Swarm tells whose it is. */
export function containerLabels(state: StateView, { task, nodeId }: TaskContainer): Record<string, string> {
  return {
    ...state.specOf(task)?.TaskTemplate?.ContainerSpec?.Labels,
    'com.docker.swarm.node.id': nodeId,
    'com.docker.swarm.service.id': task.ServiceID,
    'com.docker.swarm.service.name': state.get('service', task.ServiceID)?.Spec.Name ?? '',
    'com.docker.swarm.task': '',
    'com.docker.swarm.task.id': task.ID,
    'com.docker.swarm.task.name': containerName(state, task),
  }
}

function networksOf(task: TaskContainer['task']): Record<string, object> {
  const networks = (task.NetworksAttachments ?? []).map(({ Network, Addresses }) => {
    const [address = '', length = '0'] = (Addresses[0] ?? '').split('/')
    return [Network.Spec.Name, { NetworkID: Network.ID, IPAddress: address, IPPrefixLen: Number(length) }]
  })
  return Object.fromEntries(networks) as Record<string, object>
}

function statusText(state: StateView, { task, nodeId }: TaskContainer, nowMs: number): string {
  const since = humanDuration(nowMs - Date.parse(task.Status.Timestamp))
  switch (stateOf(task.Status.State)) {
    case 'running': {
      const node = state.get('node', nodeId)?.Status.State
      if (node !== 'ready') return `Up ${since} (node ${node ?? 'removed'})`
      const health = healthOf(state, task)
      // In the engine's own words.
      if (health === 'none') return `Up ${since}`
      return `Up ${since} (${health === 'starting' ? 'health: starting' : health})`
    }
    case 'exited':
      return `Exited (${exitCode(task)}) ${since} ago`
    case 'dead':
      return 'Dead'
    case 'created':
      return 'Created'
  }
}
