import { matchesPlatform } from '@shoal/engine-api'
import { placesBeside } from './affinities.js'
import type { Demand, PluginDemand } from './demand.js'
import type { NodeInfo, Occupant } from './node-info.js'

/** A task whose place the new one takes. */
export interface Allowance {
  readonly replaced: Occupant
  /**
   * With stop-first the new task starts when the old one has ended, and may count on all that it holds;
   * with start-first both run for a while, and only the limit of tasks per node leaves the old one out.
   */
  readonly sharesAll: boolean
}

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
  /** For a node that refused: the figures. */
  detail(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): string
}

const ready: Filter = {
  name: 'ready',
  byClass: () => true,
  applies: () => true,
  accepts: (_demand, node) => node.available,
  summarize: (nodes) => `${count(nodes)} not available for new tasks`,
  detail: (_demand, { record }) =>
    record.Status.State === 'ready'
      ? `the node's availability is ${record.Spec.Availability ?? 'active'}`
      : `the node is ${record.Status.State}`,
}

const resources: Filter = {
  name: 'resources',
  applies: (demand) => demand.nanoCpus > 0 || demand.memoryBytes > 0 || demand.generic.length > 0,
  accepts(demand, node, allowance) {
    const lent = allowance?.sharesAll ? allowance.replaced : undefined
    return (
      demand.nanoCpus <= node.nanoCpusFree + (lent?.demand?.nanoCpus ?? 0) &&
      demand.memoryBytes <= node.memoryFree + (lent?.demand?.memoryBytes ?? 0) &&
      demand.generic.every(({ kind, amount }) => amount <= node.generic.free(kind, lent?.generic))
    )
  },
  summarize: (nodes) => `insufficient resources on ${count(nodes)}`,
  detail: (demand, node, allowance) => shortages(demand, node, allowance).join('; '),
}

function shortages(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): string[] {
  const lent = allowance?.sharesAll ? allowance.replaced : undefined
  const cpusFree = node.nanoCpusFree + (lent?.demand?.nanoCpus ?? 0)
  const memoryFree = node.memoryFree + (lent?.demand?.memoryBytes ?? 0)
  const short: string[] = []
  if (demand.nanoCpus > cpusFree)
    short.push(`reserves ${demand.nanoCpus / 1e9} CPUs, ${cpusFree / 1e9} are free`)
  if (demand.memoryBytes > memoryFree) {
    short.push(`reserves ${demand.memoryBytes} bytes of memory, ${memoryFree} are free`)
  }
  for (const { kind, amount } of demand.generic) {
    const free = node.generic.free(kind, lent?.generic)
    if (amount > free) short.push(`reserves ${amount} of "${kind}", ${free} are free`)
  }
  return short
}

const plugins: Filter = {
  name: 'plugins',
  byClass: () => true,
  applies: (demand) => demand.plugins.length > 0,
  accepts: (demand, node) => demand.plugins.every((plugin) => hasPlugin(node, plugin)),
  summarize: (nodes) => `missing plugin on ${count(nodes)}`,
  detail: (demand, node) =>
    demand.plugins
      .filter((plugin) => !hasPlugin(node, plugin))
      .map(({ type, name }) => `the ${type.toLowerCase()} plugin "${name}" is missing`)
      .join('; '),
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
  detail: (demand) => `does not satisfy ${demand.constraints.join(', ')}`,
}

const affinities: Filter = {
  name: 'affinities',
  applies: (demand) => demand.affinities !== undefined,
  accepts: (demand, node, allowance) => demand.affinities?.unmet(node, allowance) === undefined,
  summarize: (nodes) => `affinities not satisfied on ${count(nodes)}`,
  detail: (demand, node, allowance) => `does not satisfy ${demand.affinities?.unmet(node, allowance)}`,
}

const platform: Filter = {
  name: 'platform',
  byClass: () => true,
  applies: (demand) => demand.platforms.length > 0,
  accepts: (demand, node) => matchesPlatform(demand.platforms, node.record.Description.Platform),
  summarize: (nodes) => `unsupported platform on ${count(nodes)}`,
  detail(demand, node) {
    const { OS: os, Architecture: architecture } = node.record.Description.Platform
    const offered = demand.platforms.map((each) => `${each.OS ?? ''}/${each.Architecture ?? ''}`)
    return `the node is ${os ?? ''}/${architecture ?? ''}, the image is for ${offered.join(', ')}`
  },
}

const hostPorts: Filter = {
  name: 'host-ports',
  applies: (demand) => demand.hostPorts.length > 0,
  accepts: (demand, node, allowance) => takenPorts(demand, node, allowance).length === 0,
  summarize: (nodes) => `host-mode port already in use on ${count(nodes)}`,
  detail: (demand, node, allowance) => `in use: ${takenPorts(demand, node, allowance).join(', ')}`,
}

function takenPorts(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): string[] {
  const lent = (allowance?.sharesAll && allowance.replaced.demand?.hostPorts) || []
  return demand.hostPorts.filter((port) => node.hostPortUsers(port) > (lent.includes(port) ? 1 : 0))
}

const maxReplicas: Filter = {
  name: 'max-replicas',
  applies: (demand) => demand.maxReplicas > 0,
  accepts: (demand, node, allowance) => placesBeside(node, demand.serviceId, allowance) < demand.maxReplicas,
  summarize: () => 'max replicas per node limit exceed',
  detail: (demand, node, allowance) =>
    `${placesBeside(node, demand.serviceId, allowance)} tasks of the service are here, ${demand.maxReplicas} are allowed`,
}

const measured: Filter = {
  name: 'measured-use',
  applies: (demand) => (demand.nanoCpus > 0 || demand.memoryBytes > 0) && demand.measured.isAsked,
  accepts: (demand, node, allowance) => measuredShortages(demand, node, allowance).length === 0,
  summarize: (nodes) => `too much in use on ${count(nodes)}`,
  detail: (demand, node, allowance) => measuredShortages(demand, node, allowance).join('; '),
}

/** A node of which nothing was measured is judged by reservations alone. */
function measuredShortages(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): string[] {
  const lent = allowance?.sharesAll ? allowance.replaced.demand : undefined
  const cpusFree = (demand.measured.nanoCpusFree(node) ?? Infinity) + (lent?.nanoCpus ?? 0)
  const memoryFree = (demand.measured.memoryFree(node) ?? Infinity) + (lent?.memoryBytes ?? 0)
  const short: string[] = []
  if (demand.nanoCpus > 0 && demand.nanoCpus > cpusFree) {
    short.push(`reserves ${demand.nanoCpus / 1e9} CPUs, ${(cpusFree / 1e9).toFixed(2)} are not in use`)
  }
  if (demand.memoryBytes > 0 && demand.memoryBytes > memoryFree) {
    short.push(`reserves ${demand.memoryBytes} bytes of memory, ${memoryFree} are not in use`)
  }
  return short
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
