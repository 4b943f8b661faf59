import { isTerminal, type Clock } from '@shoal/common'
import { hostDocumentName } from '@shoal/engine-api'
import { isEndpoint, NetworkDocuments, type Departure } from '../endpoints/index.js'
import type { Change, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { DocumentSource, StopGate } from './assignment-stream.js'
import type { NetworkArrivals } from './network-arrivals.js'
import { WithheldStops } from './withheld-stops.js'

export interface NetworkFeedOptions {
  readonly state: StateView
  readonly clock: Clock
  /** The node, if its agent is connected, has to hear of this document. */
  readonly touchDocument: (nodeId: string, key: string) => void
  /** Its agent may hear now what is wanted of the task. */
  readonly touchTask: (task: TaskRecord) => void
  /** Hears of who was told of which network, and of what is in force. */
  readonly arrivals: NetworkArrivals
}

/**
 * What the sessions of one term are told of the network, and which stops wait for it. Whoever is ready is waited for,
 * connected or not: an agent that has lost its session for a moment still sends connections where it sent them.
 */
export class NetworkFeed implements StopGate {
  readonly documents: DocumentSource
  readonly #options: NetworkFeedOptions
  readonly #documents: NetworkDocuments
  readonly #stops: WithheldStops

  /** Looks through all records once; from then on it has to `follow` every change. */
  constructor(options: NetworkFeedOptions) {
    this.#options = options
    this.#documents = new NetworkDocuments(options.state)
    this.documents = this.#documents
    this.#stops = new WithheldStops({
      clock: options.clock,
      release: (taskIds) => this.#release(taskIds),
    })
    for (const departure of this.#underWay()) this.#begin(departure)
  }

  follow(changes: readonly Change[]): void {
    const departures = this.#documents.follow(changes, this.#options.touchDocument)
    for (const departure of departures) this.#begin(departure)
    for (const change of changes) {
      if (change.kind === 'task') {
        if (!change.after || isTerminal(change.after.Status.State)) this.#stops.drop(idOf(change))
      } else if (change.kind === 'node') {
        if (change.after?.Status.State !== 'ready') this.#stops.gone(idOf(change))
      }
    }
  }

  withholds(taskId: string): boolean {
    return this.#stops.withholds(taskId)
  }

  told(nodeId: string, key: string, sequence: number): void {
    const { kind, id } = hostDocumentName(key)
    if (kind === 'endpoints') this.#stops.told(nodeId, id, sequence)
    else if (kind === 'network') this.#options.arrivals.told(nodeId, id, sequence)
  }

  /** Waits until no node sends anything any more to what has left the service's endpoint set: see WithheldStops. */
  departed(serviceId: string): Promise<void> {
    return this.#stops.over(serviceId)
  }

  toldAll(nodeId: string, sequence: number): void {
    this.#stops.toldAll(nodeId, sequence)
  }

  sessionBegins(nodeId: string): void {
    this.#stops.sessionBegins(nodeId)
    this.#options.arrivals.gone(nodeId)
  }

  applied(nodeId: string, sequence: number): void {
    this.#stops.applied(nodeId, sequence)
    this.#options.arrivals.applied(nodeId, sequence)
  }

  stop(): void {
    this.#stops.stop()
  }

  /**
   * The stops that an earlier primary may have withheld, or not: who knows what the nodes have in force. Tasks of a node
   * that is down are among them: it may come back while others have not let go of them.
   */
  #underWay(): Departure[] {
    const departures = new Map<string, { taskIds: string[]; networkIds: Set<string> }>()
    for (const task of this.#options.state.all('task')) {
      if (task.Status.State !== 'running' || !task.NetworksAttachments) continue
      if (isEndpoint(this.#options.state, task)) continue
      const known = departures.get(task.ServiceID) ?? { taskIds: [], networkIds: new Set() }
      departures.set(task.ServiceID, known)
      known.taskIds.push(task.ID)
      for (const { Network } of task.NetworksAttachments ?? []) known.networkIds.add(Network.ID)
    }
    return [...departures].map(([serviceId, { taskIds, networkIds }]) => ({
      serviceId,
      taskIds,
      nodeIds: [...this.#documents.nodesOn(networkIds)],
    }))
  }

  #begin(departure: Departure): void {
    const { state } = this.#options
    const nodeIds = departure.nodeIds.filter((id) => state.get('node', id)?.Status.State === 'ready')
    this.#stops.begin({ ...departure, nodeIds })
  }

  #release(taskIds: readonly string[]): void {
    for (const taskId of taskIds) {
      const task = this.#options.state.get('task', taskId)
      if (task) this.#options.touchTask(task)
    }
  }
}

function idOf({ before, after }: Change): string {
  return (after ?? before)?.ID ?? ''
}
