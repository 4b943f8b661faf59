import { type Clock, type Logger, type Random, unreachable } from '@shoal/common'
import type { KeyedReconciler } from '../loops/keyed-loop.js'
import type { Change, ChangeOf } from '../state/records.js'
import type { State } from '../state/state.js'
import type { AddressBook } from './book.js'
import { commitSteps } from './commit.js'
import { decideGateway, decideTasks, isNeeded, isNew, type Plan } from './decide.js'
import { movement, nodeOf } from './holdings.js'
import { planIngress } from './ingress.js'

export interface AllocatorDeps {
  readonly state: State
  readonly book: AddressBook
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What one key stands for: the new tasks of a service, the part of a node in a network, the ingress network. */
type Key = `tasks ${string}` | `gateway ${string} ${string}` | 'ingress'

/** Gives addresses to tasks and nodes, and takes those of nodes back. */
export function createAllocator(deps: AllocatorDeps): KeyedReconciler {
  const allocator = new Allocator(deps)
  return {
    name: 'allocator',
    keysOf: (change) => allocator.keysOf(change),
    allKeys: () => allocator.allKeys(),
    reconcile: (key) => allocator.reconcile(key),
  }
}

class Allocator {
  readonly #deps: AllocatorDeps
  /** Who waits for an address, by network. */
  readonly #waiting = new Map<string, Set<Key>>()
  /** Since when a node has no use for its part in a network, by key (milliseconds since the epoch). */
  readonly #idleSinceMs = new Map<Key, number>()

  constructor(deps: AllocatorDeps) {
    this.#deps = deps
  }

  *keysOf(change: Change): Iterable<Key> {
    for (const { networkId } of movement(change).freed) yield* this.#waiting.get(networkId) ?? []
    switch (change.kind) {
      case 'task':
        yield* keysOfTask(change)
        break
      case 'spec':
        if (change.after) yield tasksKey(change.after.ServiceID)
        break
      case 'network': {
        const network = change.after ?? change.before
        if (network) yield* this.#keysOfNetwork(network.ID)
        break
      }
      case 'node': {
        const node = change.after ?? change.before
        if (node && !(change.before && change.after)) yield* this.#keysOfNode(node.ID)
        break
      }
      case 'gateway': {
        const gateway = change.after ?? change.before
        if (gateway) yield gatewayKey(gateway.NetworkID, gateway.NodeID)
        break
      }
      case 'cluster':
        yield 'ingress'
        break
      case 'config':
      case 'secret':
      case 'service':
        break
      default:
        unreachable(change)
    }
  }

  *allKeys(): Iterable<Key> {
    const { state, book } = this.#deps
    yield 'ingress'
    for (const task of state.all('task')) if (isNew(task)) yield tasksKey(task.ServiceID)
    for (const gateway of state.all('gateway')) yield gatewayKey(gateway.NetworkID, gateway.NodeID)
    for (const { ID, Spec } of state.all('network')) {
      const everywhere = Spec.Ingress || Spec.Attachable
      const nodes = everywhere ? [...state.all('node')].map((node) => node.ID) : book.nodesOf(ID)
      for (const nodeId of nodes) yield gatewayKey(ID, nodeId)
    }
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { state, clock } = this.#deps
    const now = clock.now()
    const [kind = '', first = '', second = ''] = key.split(' ')
    if (kind === 'ingress') {
      const mutations = planIngress(state, now, this.#deps.random)
      if (mutations.length > 0) await state.commit(mutations)
      return undefined
    }
    const plan =
      kind === 'tasks'
        ? decideTasks(state, this.#deps.book, first)
        : this.#planGateway(key as Key, first, second, now)
    this.#noteWaiting(key as Key, plan)
    await commitSteps(state, plan.steps, now)
    return plan.wakeAtMs
  }

  #planGateway(key: Key, networkId: string, nodeId: string, now: number): Plan {
    const { state, book, log } = this.#deps
    if (isNeeded(state, book, networkId, nodeId)) this.#idleSinceMs.delete(key)
    else if (!this.#idleSinceMs.has(key)) this.#idleSinceMs.set(key, now)
    const idleSinceMs = this.#idleSinceMs.get(key)
    const plan = decideGateway(state, book, { networkId, nodeId, idleSinceMs }, now)
    if (plan.steps.some(({ type }) => type === 'dismiss') || !state.get('network', networkId)) {
      this.#idleSinceMs.delete(key)
    }
    if (plan.exhausted.length > 0) {
      log.warn({ network: networkId, node: nodeId }, 'the network has no address left for a node')
    }
    return plan
  }

  #noteWaiting(key: Key, { exhausted }: Plan): void {
    for (const [networkId, keys] of this.#waiting) {
      keys.delete(key)
      if (keys.size === 0) this.#waiting.delete(networkId)
    }
    for (const networkId of exhausted) {
      const keys = this.#waiting.get(networkId)
      if (keys) keys.add(key)
      else this.#waiting.set(networkId, new Set([key]))
    }
  }

  *#keysOfNetwork(networkId: string): Iterable<Key> {
    const { state, book } = this.#deps
    const network = state.get('network', networkId)
    for (const gateway of state.gatewaysOfNetwork(networkId)) yield gatewayKey(networkId, gateway.NodeID)
    for (const nodeId of book.nodesOf(networkId)) yield gatewayKey(networkId, nodeId)
    if (network?.Spec.Ingress || network?.Spec.Attachable) {
      for (const node of state.all('node')) yield gatewayKey(networkId, node.ID)
    }
    // Tasks may wait for the ingress network to be made again.
    if (network?.Spec.Ingress) {
      for (const task of state.all('task')) if (isNew(task)) yield tasksKey(task.ServiceID)
    }
  }

  *#keysOfNode(nodeId: string): Iterable<Key> {
    const { state } = this.#deps
    for (const gateway of state.gatewaysOfNode(nodeId)) yield gatewayKey(gateway.NetworkID, nodeId)
    for (const { ID, Spec } of state.all('network')) {
      if (Spec.Ingress || Spec.Attachable) yield gatewayKey(ID, nodeId)
    }
  }
}

function* keysOfTask({ before, after }: ChangeOf<'task'>): Iterable<Key> {
  if (after && isNew(after)) yield tasksKey(after.ServiceID)
  const [from, to] = [nodeOf(before), nodeOf(after)]
  if (from === to) return
  for (const { Network } of (after ?? before)?.NetworksAttachments ?? []) {
    for (const nodeId of [from, to]) if (nodeId !== undefined) yield gatewayKey(Network.ID, nodeId)
  }
}

function tasksKey(serviceId: string): Key {
  return `tasks ${serviceId}`
}

function gatewayKey(networkId: string, nodeId: string): Key {
  return `gateway ${networkId} ${nodeId}`
}
