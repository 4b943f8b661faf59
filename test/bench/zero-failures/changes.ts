import { crash, mustRun, processState, until } from '@shoal/lab'
import type { ServiceSpec } from '@shoal/engine-api'
import { eventually } from '../../support/index.js'
import type { LoadedCluster } from './cluster.js'
import { IMAGES } from './images.js'

export const REPLICAS = 4
const PATIENCE_MS = 60_000

/** Something that happens to a service while it is under load; from a settled cluster to a settled cluster. */
export interface Change {
  readonly name: string
  /** Before the load begins. */
  readonly prepare?: (cluster: LoadedCluster) => Promise<void>
  readonly carryOut: (cluster: LoadedCluster) => Promise<void>
  /** After the load has ended. */
  readonly undo?: (cluster: LoadedCluster) => Promise<void>
}

/** All of them, in the order in which they are tried. */
export const CHANGES: readonly Change[] = [
  { name: 'update-start-first', carryOut: (cluster) => rollOut(cluster, 'start-first') },
  { name: 'update-stop-first', carryOut: (cluster) => rollOut(cluster, 'stop-first') },
  {
    name: 'scale-2-10-2',
    prepare: (cluster) => scaleTo(cluster, 2),
    carryOut: async (cluster) => {
      await scaleTo(cluster, 10)
      await scaleTo(cluster, 2)
    },
    undo: (cluster) => scaleTo(cluster, REPLICAS),
  },
  { name: 'drain', carryOut: drain, undo: activateAll },
  { name: 'agent-kill', carryOut: killAgent },
  { name: 'manager-failover', carryOut: killPrimary },
]

/** To the other one of the two images. */
async function rollOut(cluster: LoadedCluster, order: 'start-first' | 'stop-first'): Promise<void> {
  await cluster.update((spec) => withOrder(withOtherImage(spec), order))
  await cluster.settled(REPLICAS)
}

function withOtherImage(spec: ServiceSpec): ServiceSpec {
  const container = spec.TaskTemplate?.ContainerSpec
  if (!container) throw new Error('the service has no container')
  const Image = IMAGES.find((image) => image !== container.Image)!
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { ...container, Image } } }
}

function withOrder(spec: ServiceSpec, Order: 'start-first' | 'stop-first'): ServiceSpec {
  return { ...spec, UpdateConfig: { ...spec.UpdateConfig, Order } }
}

async function scaleTo(cluster: LoadedCluster, replicas: number): Promise<void> {
  await cluster.scale(replicas)
  await cluster.settled(replicas)
}

/** A worker that has tasks. */
async function drain(cluster: LoadedCluster): Promise<void> {
  const tasks = await cluster.settled(REPLICAS)
  const nodes = await cluster.nodes()
  const node = nodes.find(
    ({ ID, Spec }) => Spec.Role === 'worker' && tasks.some(({ NodeID }) => NodeID === ID),
  )
  if (!node) throw new Error('no worker has a task')
  await cluster.setAvailability(node.Description.Hostname, 'drain')
  await eventually(async () => {
    const left = (await cluster.settled(REPLICAS)).filter(({ NodeID }) => NodeID === node.ID)
    if (left.length > 0) throw new Error(`${left.length} tasks are left on the node`)
  }, PATIENCE_MS)
}

async function activateAll(cluster: LoadedCluster): Promise<void> {
  for (const { Description } of await cluster.nodes())
    await cluster.setAvailability(Description.Hostname, 'active')
  // Their tasks stay where they are: spread them again, so that the next drain finds some.
  await cluster.update((spec) => ({
    ...spec,
    TaskTemplate: { ...spec.TaskTemplate, ForceUpdate: (spec.TaskTemplate?.ForceUpdate ?? 0) + 1 },
  }))
  await cluster.settled(REPLICAS)
}

/** An agent on a host with a task; its supervisor starts it again. */
async function killAgent(cluster: LoadedCluster): Promise<void> {
  const host = cluster.hosts.at(-1)!.name
  const pid = (): Promise<string> => mustRun(host, ['cat', '/run/shoal/agent.pid'])
  const before = await pid()
  await crash(host, 'agent')
  const back = await until(PATIENCE_MS, async () => {
    const running = (await processState(host, 'agent')) === 'running'
    return running && (await pid()) !== before ? true : undefined
  })
  if (!back) throw new Error('the agent has not come back')
  await cluster.settled(REPLICAS)
}

async function killPrimary(cluster: LoadedCluster): Promise<void> {
  const before = await leader(cluster)
  const host = cluster.hosts.find(({ address }) => before.startsWith(`${address}:`))
  if (!host) throw new Error(`${before} is no host of the lab`)
  await crash(host.name, 'manager')
  await eventually(async () => {
    if ((await leader(cluster)) === before) throw new Error('nobody else leads')
  }, PATIENCE_MS)
  await cluster.settled(REPLICAS)
}

/** The address of the manager that leads. */
async function leader(cluster: LoadedCluster): Promise<string> {
  const nodes = await cluster.nodes()
  const address = nodes.find(({ ManagerStatus }) => ManagerStatus?.Leader)?.ManagerStatus?.Addr
  if (address === undefined) throw new Error('nobody leads')
  return address
}
