import type { NodeRecord } from '../state/records.js'
import type { Demand } from './demand.js'
import { GenericPool } from './generic-resources.js'
import type { LoadPlace } from './load-index.js'
import type { NodeClass } from './node-class.js'
import { ServiceCounts } from './service-counts.js'
import type { TaskNote } from './task-notes.js'

/** The note of a task that takes room on a node. */
export interface Occupant extends TaskNote {
  node: NodeInfo
  holding: Holding
}

export function isOccupant(note: TaskNote | undefined): note is Occupant {
  return note?.node !== undefined
}

/** What a task holds and how it counts: most tasks of a service share one. */
export interface Holding {
  readonly serviceId: string
  readonly specVersion: number
  /** Undefined when the spec is gone: the task then counts, but what it reserved is not known. */
  readonly demand: Demand | undefined
  /** Wanted alive, and nobody is to take its place: only such tasks count when tasks are spread. */
  readonly stays: boolean
  /** The task that is to take its place is on the same node: both are in one place of the service. */
  readonly doubled: boolean
}

/**
 * One node with the sums of what its tasks take. `version` grows with every change, so that who has looked
 * at the node knows whether it must look again.
 */
export class NodeInfo {
  version = 0
  /** How many tasks stay here. */
  tasks = 0
  nanoCpusHeld = 0
  memoryHeld = 0
  /** The node's record is gone; who still holds this must not use it. */
  gone = false
  readonly generic = new GenericPool()
  /** Breaks ties between nodes that are otherwise equal. */
  readonly ordinal: number
  /** What of the record filters look at that ask only one node of each class. */
  class: NodeClass
  /** The load index's own notes: where this stands, and between whom. */
  place: LoadPlace | undefined = undefined
  previous: NodeInfo | undefined = undefined
  next: NodeInfo | undefined = undefined
  /** The latest walk through the load index that has come by here. */
  walked = 0
  readonly #services = new ServiceCounts()
  /** Most nodes have none: made for the first. */
  #hostPorts: Map<string, number> | undefined
  #record: NodeRecord

  constructor(record: NodeRecord, ordinal: number, ownClass: NodeClass) {
    this.ordinal = ordinal
    this.class = ownClass
    this.#record = record
    this.#offer(record)
  }

  get record(): NodeRecord {
    return this.#record
  }

  set record(record: NodeRecord) {
    this.#record = record
    this.#offer(record)
    this.version++
  }

  get id(): string {
    return this.#record.ID
  }

  /** Whether its tasks can be expected to live. */
  get alive(): boolean {
    return !this.gone && this.#record.Status.State === 'ready'
  }

  /** Whether it takes new tasks. */
  get available(): boolean {
    return this.alive && (this.#record.Spec.Availability ?? 'active') === 'active'
  }

  get nanoCpusFree(): number {
    return (this.#record.Description.Resources.NanoCPUs ?? 0) - this.nanoCpusHeld
  }

  get memoryFree(): number {
    return (this.#record.Description.Resources.MemoryBytes ?? 0) - this.memoryHeld
  }

  /** Tasks of the service that stay here. */
  stayingOf(serviceId: string): number {
    return this.#services.get(serviceId)?.staying ?? 0
  }

  /** The places that the service has here, whether their tasks stay or not: those of one place count as one. */
  occupyingOf(serviceId: string): number {
    return this.#services.get(serviceId)?.occupying ?? 0
  }

  /** The services that have places here. */
  serviceIds(): Iterable<string> {
    return this.#services.serviceIds()
  }

  /** How many tasks hold a port such as `tcp/8080`. */
  hostPortUsers(port: string): number {
    return this.#hostPorts?.get(port) ?? 0
  }

  add(occupant: Occupant): void {
    this.#count(occupant, 1)
    if (occupant.generic.length > 0) this.generic.hold(occupant.generic)
  }

  remove(occupant: Occupant): void {
    this.#count(occupant, -1)
    if (occupant.generic.length > 0) this.generic.release(occupant.generic)
  }

  #offer(record: NodeRecord): void {
    this.generic.offer(record.Description.Resources.GenericResources ?? [])
  }

  #count(occupant: Occupant, by: 1 | -1): void {
    this.version++
    this.#countService(occupant, by)
    const { stays, demand } = occupant.holding
    if (stays) this.tasks += by
    if (demand === undefined) return
    this.nanoCpusHeld += by * demand.nanoCpus
    this.memoryHeld += by * demand.memoryBytes
    if (demand.hostPorts.length === 0) return
    this.#hostPorts ??= new Map()
    for (const port of demand.hostPorts) addTo(this.#hostPorts, port, by)
  }

  #countService({ holding: { serviceId, stays, doubled } }: Occupant, by: 1 | -1): void {
    if (doubled) return
    const count = this.#services.of(serviceId)
    count.occupying += by
    if (stays) count.staying += by
    if (count.occupying === 0) this.#services.delete(serviceId)
  }
}

function addTo(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
