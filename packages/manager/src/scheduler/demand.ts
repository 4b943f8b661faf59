import {
  matchesConstraints,
  parseAffinities,
  parseConstraints,
  type Affinity,
  type ConstrainedNode,
  type Constraint,
  type Platform,
} from '@shoal/engine-api'
import type { SpecRecord } from '../state/records.js'
import { affinityTest, unmetAffinities, type AffinityTest, type Surroundings } from './affinities.js'
import { MeasuredUse } from './measured-use.js'
import type { NodeInfo } from './node-info.js'
import { unmetConstraints } from './wishes.js'

/** A plugin that a node must have. */
export interface PluginDemand {
  readonly type: 'Volume' | 'Network' | 'Log'
  readonly name: string
}

/** What the tasks of one spec version ask of a node, parsed once. */
export interface Demand {
  readonly serviceId: string
  readonly nanoCpus: number
  readonly memoryBytes: number
  readonly generic: readonly { readonly kind: string; readonly amount: number }[]
  /** `tcp/8080`: the ports published in host mode under a fixed number. */
  readonly hostPorts: readonly string[]
  readonly plugins: readonly PluginDemand[]
  /** Those that are no wishes. */
  readonly constraints: readonly Pick<Constraint, 'text' | 'matches' | 'found'>[]
  readonly meetsConstraints: (node: ConstrainedNode) => boolean
  /** The constraints look at what each node has for itself: its ID, its name, its address. */
  readonly singlesOut: boolean
  /** Undefined when there are none but wishes. */
  readonly affinities: AffinityTest | undefined
  readonly measured: MeasuredUse
  /** How many of the wishes the node does not meet: such nodes come last. Undefined when there are none. */
  readonly unmet: ((node: NodeInfo) => number) | undefined
  readonly platforms: readonly Platform[]
  /** 0: no limit. */
  readonly maxReplicas: number
  /** The labels to spread over, outermost first: `node.labels.zone`. */
  readonly spreadOver: readonly string[]
}

/** @param surroundings what is asked for beside the spec and the node */
export function demandOf(spec: SpecRecord, surroundings: Surroundings): Demand {
  const { Placement: placement, Resources: resources } = spec.TaskTemplate
  const reservations = resources?.Reservations
  return {
    serviceId: spec.ServiceID,
    nanoCpus: reservations?.NanoCPUs ?? 0,
    memoryBytes: reservations?.MemoryBytes ?? 0,
    generic: genericDemand(spec),
    hostPorts: hostPortsOf(spec),
    plugins: pluginsOf(spec),
    measured: new MeasuredUse(surroundings, spec.ServiceID),
    ...placementDemand(placement?.Constraints ?? [], surroundings),
    platforms: placement?.Platforms ?? [],
    maxReplicas: placement?.MaxReplicas ?? 0,
    spreadOver: (placement?.Preferences ?? []).flatMap(
      (preference) => preference.Spread?.SpreadDescriptor ?? [],
    ),
  }
}

const SINGLES_OUT: ReadonlySet<string> = new Set(['node.id', 'node.hostname', 'node.ip'])

type PlacementDemand = Pick<
  Demand,
  'constraints' | 'meetsConstraints' | 'singlesOut' | 'affinities' | 'unmet'
>

/** The API refuses bad constraints; should one be stored nevertheless, it keeps every node out rather than none. */
function placementDemand(texts: readonly string[], surroundings: Surroundings): PlacementDemand {
  try {
    const constraints = divided(parseConstraints(texts))
    const affinities = divided(parseAffinities(texts))
    return {
      constraints: constraints.conditions,
      meetsConstraints: (node) => matchesConstraints(constraints.conditions, node),
      singlesOut: singlesOut(constraints.conditions),
      affinities:
        affinities.conditions.length > 0 ? affinityTest(affinities.conditions, surroundings) : undefined,
      unmet: unmetWishes(constraints.wishes, affinities.wishes, surroundings),
    }
  } catch {
    const never = { matches: () => false, found: () => 'cannot be understood' }
    const constraints = texts.map((text) => ({ text, ...never }))
    const meetsConstraints = (): boolean => false
    return { constraints, meetsConstraints, singlesOut: false, affinities: undefined, unmet: undefined }
  }
}

function divided<Item extends { readonly isSoft: boolean }>(
  items: readonly Item[],
): { readonly conditions: readonly Item[]; readonly wishes: readonly Item[] } {
  return { conditions: items.filter(({ isSoft }) => !isSoft), wishes: items.filter(({ isSoft }) => isSoft) }
}

function unmetWishes(
  constraints: readonly Constraint[],
  affinities: readonly Affinity[],
  surroundings: Surroundings,
): Demand['unmet'] {
  if (constraints.length === 0 && affinities.length === 0) return undefined
  const ofConstraints = unmetConstraints(constraints, singlesOut(constraints))
  const ofAffinities = unmetAffinities(affinities, surroundings)
  return (node) => ofConstraints(node) + ofAffinities(node)
}

function singlesOut(constraints: readonly Constraint[]): boolean {
  return constraints.some(({ key }) => SINGLES_OUT.has(key.toLowerCase()))
}

/** A reservation counts; that it may be filled by names is the node's affair. */
function genericDemand(spec: SpecRecord): Demand['generic'] {
  const amounts = new Map<string, number>()
  for (const wanted of spec.TaskTemplate.Resources?.Reservations?.GenericResources ?? []) {
    const { Kind: kind, Value: value } = wanted.DiscreteResourceSpec ?? {
      Kind: wanted.NamedResourceSpec?.Kind ?? '',
      Value: 1,
    }
    if (value > 0) amounts.set(kind, (amounts.get(kind) ?? 0) + value)
  }
  return Array.from(amounts, ([kind, amount]) => ({ kind, amount }))
}

function hostPortsOf(spec: SpecRecord): string[] {
  const ports = spec.EndpointSpec?.Ports ?? []
  return ports
    .filter((port) => port.PublishMode === 'host' && port.PublishedPort)
    .map((port) => `${port.Protocol || 'tcp'}/${port.PublishedPort}`)
}

/** The `local` volume driver and the `none` log driver are part of every engine. */
function pluginsOf(spec: SpecRecord): PluginDemand[] {
  const plugins: PluginDemand[] = []
  for (const mount of spec.TaskTemplate.ContainerSpec?.Mounts ?? []) {
    const name = mount.Type === 'volume' ? mount.VolumeOptions?.DriverConfig?.Name : undefined
    if (name && name !== 'local') plugins.push({ type: 'Volume', name })
  }
  const log = spec.TaskTemplate.LogDriver?.Name
  if (log && log !== 'none') plugins.push({ type: 'Log', name: log })
  return plugins
}

/** Keeps the parsed demand of each spec version for as long as the spec record is the same. */
export class DemandCache {
  readonly #surroundings: Surroundings
  readonly #byId = new Map<string, { spec: SpecRecord; demand: Demand }>()

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  of(spec: SpecRecord): Demand {
    const known = this.#byId.get(spec.ID)
    if (known?.spec === spec) return known.demand
    const demand = demandOf(spec, this.#surroundings)
    this.#byId.set(spec.ID, { spec, demand })
    return demand
  }

  forget(specId: string): void {
    this.#byId.delete(specId)
  }
}
