import { matchesPlatform, type NodeRefusal, type Platform } from '@shoal/engine-api'
import { placesBeside } from './affinities.js'
import type { Demand, PluginDemand } from './demand.js'
import type { NodeInfo, Occupant } from './node-info.js'
import { measuredShortages, shortages } from './shortages.js'

/** A task whose place the new one takes. */
export interface Allowance {
  readonly replaced: Occupant
  /**
   * With stop-first the new task starts when the old one has ended, and may count on all that it holds;
   * with start-first both run for a while, and only the limit of tasks per node leaves the old one out.
   */
  readonly sharesAll: boolean
}

/** One thing that a refusing node has not. */
export type Reason = Omit<NodeRefusal, 'Filter'>

/** The names of the services that hold a port such as `tcp/8080` on a node. */
export type PortHolders = (node: NodeInfo, port: string) => readonly string[]

/** One reason for which a node may refuse a task. */
export interface Filter {
  readonly name: string
  /** Whether it looks only at what all nodes of a class have in common, for tasks with this demand. */
  readonly byClass?: (demand: Demand) => boolean
  /** Whether it can refuse at all. */
  applies(demand: Demand): boolean
  /** @param allowance only if the replaced task is on this node */
  accepts(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): boolean
  /** Docker's words for so many nodes that refused. */
  summarize(nodes: number): string
  /** For a node that refused: everything that it lacks, with the figures. `Asked` is the same for all nodes. */
  reasons(
    demand: Demand,
    node: NodeInfo,
    allowance: Allowance | undefined,
    holders: PortHolders,
  ): readonly Reason[]
}

const ready: Filter = {
  name: 'ready',
  byClass: () => true,
  applies: () => true,
  accepts: (_demand, node) => node.available,
  summarize: (nodes) => `${count(nodes)} not available for new tasks`,
  reasons: (_demand, { record }) => {
    const { Spec: spec, Status: status } = record
    const Found = status.State === 'ready' ? `availability ${spec.Availability ?? 'active'}` : status.State
    return [{ Asked: 'a node that takes tasks', Found }]
  },
}

const resources: Filter = {
  name: 'resources',
  applies: (demand) => demand.nanoCpus > 0 || demand.memoryBytes > 0 || demand.generic.length > 0,
  accepts(demand, node, allowance) {
    const lent = allowance?.sharesAll ? allowance.replaced : undefined
    return (
      demand.nanoCpus <= node.nanoCpusFree + (lent?.holding.demand?.nanoCpus ?? 0) &&
      demand.memoryBytes <= node.memoryFree + (lent?.holding.demand?.memoryBytes ?? 0) &&
      demand.generic.every(({ kind, amount }) => amount <= node.generic.free(kind, lent?.generic))
    )
  },
  summarize: (nodes) => `insufficient resources on ${count(nodes)}`,
  reasons: shortages,
}

const plugins: Filter = {
  name: 'plugins',
  byClass: () => true,
  applies: (demand) => demand.plugins.length > 0,
  accepts: (demand, node) => demand.plugins.every((plugin) => hasPlugin(node, plugin)),
  summarize: (nodes) => `missing plugin on ${count(nodes)}`,
  reasons: (demand, node) =>
    demand.plugins
      .filter((plugin) => !hasPlugin(node, plugin))
      .map(({ type, name }) => ({ Asked: `the ${type.toLowerCase()} plugin "${name}"`, Found: 'missing' })),
}

function hasPlugin(node: NodeInfo, wanted: PluginDemand): boolean {
  const present = (node.record.Description.Engine.Plugins ?? []).filter(
    ({ Type: type }) => type === wanted.type,
  )
  // An engine that tells of no log driver at all is an old one that does not list them.
  if (wanted.type === 'Log' && present.length === 0) return true
  return present.some(({ Name: name }) => name === wanted.name || name === `${wanted.name}:latest`)
}

const constraints: Filter = {
  name: 'constraints',
  byClass: (demand) => !demand.singlesOut,
  applies: (demand) => demand.constraints.length > 0,
  accepts: (demand, node) => demand.meetsConstraints(node.record),
  summarize: (nodes) => `scheduling constraints not satisfied on ${count(nodes)}`,
  reasons: (demand, { record }) =>
    demand.constraints
      .filter((constraint) => !constraint.matches(record))
      .map(({ text, found }) => ({ Asked: text, Found: found(record) })),
}

const affinities: Filter = {
  name: 'affinities',
  applies: (demand) => demand.affinities !== undefined,
  accepts: (demand, node, allowance) => demand.affinities?.unmet(node, allowance) === undefined,
  summarize: (nodes) => `affinities not satisfied on ${count(nodes)}`,
  reasons: (demand, node, allowance) => demand.affinities?.reasons(node, allowance) ?? [],
}

const platform: Filter = {
  name: 'platform',
  byClass: () => true,
  applies: (demand) => demand.platforms.length > 0,
  accepts: (demand, node) => matchesPlatform(demand.platforms, node.record.Description.Platform),
  summarize: (nodes) => `unsupported platform on ${count(nodes)}`,
  reasons: (demand, node) => [
    {
      Asked: `one of the image's platforms: ${demand.platforms.map(platformText).join(', ')}`,
      Found: platformText(node.record.Description.Platform),
    },
  ],
}

function platformText({ OS: os = '', Architecture: architecture = '' }: Platform): string {
  return `${os || 'any'}/${architecture || 'any'}`
}

const hostPorts: Filter = {
  name: 'host-ports',
  applies: (demand) => demand.hostPorts.length > 0,
  accepts: (demand, node, allowance) => takenPorts(demand, node, allowance).length === 0,
  summarize: (nodes) => `host-mode port already in use on ${count(nodes)}`,
  reasons: (demand, node, allowance, holders) =>
    takenPorts(demand, node, allowance).map((port) => ({
      Asked: `the host's port ${port}`,
      Found: ['in use by', holders(node, port).join(', ') || 'a task'].join(' '),
    })),
}

function takenPorts(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): string[] {
  const lent = (allowance?.sharesAll && allowance.replaced.holding.demand?.hostPorts) || []
  return demand.hostPorts.filter((port) => node.hostPortUsers(port) > (lent.includes(port) ? 1 : 0))
}

const maxReplicas: Filter = {
  name: 'max-replicas',
  applies: (demand) => demand.maxReplicas > 0,
  accepts: (demand, node, allowance) => placesBeside(node, demand.serviceId, allowance) < demand.maxReplicas,
  summarize: () => 'max replicas per node limit exceed',
  reasons: (demand, node, allowance) => [
    {
      Asked: `at most ${demand.maxReplicas} of the service per node`,
      Found: `${placesBeside(node, demand.serviceId, allowance)} here`,
    },
  ],
}

const measured: Filter = {
  name: 'measured-use',
  applies: (demand) => (demand.nanoCpus > 0 || demand.memoryBytes > 0) && demand.measured.isAsked,
  accepts: (demand, node, allowance) => measuredShortages(demand, node, allowance).length === 0,
  summarize: (nodes) => `too much in use on ${count(nodes)}`,
  reasons: measuredShortages,
}

/** In Docker's order, then what Docker does not know: a node counts for the first that refuses. */
export const FILTERS: readonly Filter[] = [
  ready,
  resources,
  plugins,
  constraints,
  platform,
  hostPorts,
  maxReplicas,
  affinities,
  measured,
]

/** The filters that can refuse such a task. */
export function filtersFor(demand: Demand): readonly Filter[] {
  return FILTERS.filter((filter) => filter.applies(demand))
}

/**
 * The first of `filters` that refuses the node, if any does.
 * @param allowance for a task that replaces another, wherever that one is
 */
export function refusal(
  filters: readonly Filter[],
  demand: Demand,
  node: NodeInfo,
  allowance?: Allowance,
): Filter | undefined {
  const here = allowance?.replaced.node === node ? allowance : undefined
  for (const filter of filters) if (!filter.accepts(demand, node, here)) return filter
  return undefined
}

/** How many nodes each filter refused. */
export type Tally = Map<Filter, number>

/** Docker's text for a task that no node takes: the most frequent reason first. */
export function describeRefusals(tally: Tally): string {
  const reasons = FILTERS.filter((filter) => (tally.get(filter) ?? 0) > 0)
    .toSorted((a, b) => (tally.get(b) ?? 0) - (tally.get(a) ?? 0))
    .map((filter) => filter.summarize(tally.get(filter) ?? 0))
  return reasons.length === 0 ? 'no suitable node' : `no suitable node (${reasons.join('; ')})`
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`
}
