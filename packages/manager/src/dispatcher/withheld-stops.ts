import type { CancelTimer, Clock } from '@shoal/common'
import type { Departure } from '../endpoints/index.js'

/**
 * How long the word to stop is withheld at the most, in milliseconds. An agent that has not answered by then has missed
 * a heartbeat or its kernel refuses; it repairs what it finds within the same time. Longer would hold up every update
 * for one host that stands still.
 */
export const WITHHOLD_MS = 5_000

/** Nothing was told to the node yet. */
const UNTOLD = 0

interface Waiting extends Departure {
  /** For each node that has not acknowledged, the number under which it was told; or UNTOLD. */
  readonly awaited: Map<string, number>
  readonly endsAtMs: number
  /** Called when it is acknowledged, or given up. */
  readonly whenOver: (() => void)[]
}

interface Told {
  readonly sequence: number
  readonly waiting: Waiting
}

export interface WithheldStopsOptions {
  readonly clock: Clock
  /** These may be told now: nobody is waited for any more. */
  readonly release: (taskIds: readonly string[]) => void
}

/**
 * Withholds the word to stop from tasks that have left an endpoint set, until every node that was told of the set has
 * acknowledged that they have left it, is gone, or has not answered in time. Ports that have left a set are followed in
 * the same way. Invariants: a node is waited for only under a number of its present session; what is kept ends after
 * WITHHOLD_MS; a task may have left several sets, or one set twice, and is withheld until all of that is acknowledged.
 */
export class WithheldStops {
  readonly #options: WithheldStopsOptions
  /** The oldest first. */
  readonly #open = new Set<Waiting>()
  readonly #byService = new Map<string, Set<Waiting>>()
  readonly #byTask = new Map<string, Set<Waiting>>()
  /** What each node was told and has not acknowledged, in the order of the numbers. */
  readonly #told = new Map<string, Told[]>()
  #cancelTimer: CancelTimer | undefined

  constructor(options: WithheldStopsOptions) {
    this.#options = options
  }

  withholds(taskId: string): boolean {
    return this.#byTask.has(taskId)
  }

  begin(departure: Departure): void {
    if (departure.nodeIds.length === 0) return
    const awaited = new Map(departure.nodeIds.map((nodeId) => [nodeId, UNTOLD]))
    const endsAtMs = this.#options.clock.now() + WITHHOLD_MS
    const waiting: Waiting = { ...departure, awaited, endsAtMs, whenOver: [] }
    this.#open.add(waiting)
    enter(this.#byService, departure.serviceId, waiting)
    for (const taskId of departure.taskIds) enter(this.#byTask, taskId, waiting)
    this.#armTimer()
  }

  /** Waits until all is acknowledged, or given up, that has left the service's endpoint set so far; or forgotten. */
  async over(serviceId: string): Promise<void> {
    const open = [...(this.#byService.get(serviceId) ?? [])]
    await Promise.all(open.map(({ whenOver }) => new Promise<void>((resolve) => whenOver.push(resolve))))
  }

  /** A message with this number tells the node of the service's endpoints as they are now. */
  told(nodeId: string, serviceId: string, sequence: number): void {
    for (const waiting of this.#byService.get(serviceId) ?? []) this.#note(nodeId, waiting, sequence)
  }

  /** The complete set that ends with this message says all that there is: also what it does not name. */
  toldAll(nodeId: string, sequence: number): void {
    for (const waiting of this.#open) this.#note(nodeId, waiting, sequence)
  }

  /** All up to this number is in force on the node. */
  applied(nodeId: string, sequence: number): void {
    const told = this.#told.get(nodeId)
    if (!told) return
    const count = told.findIndex((one) => one.sequence > sequence)
    const covered = told.splice(0, count === -1 ? told.length : count)
    if (told.length === 0) this.#told.delete(nodeId)
    for (const { waiting } of covered) this.#acknowledged(nodeId, waiting)
  }

  /** A new session of the node begins: its numbers count from 1, and nothing was told in it. */
  sessionBegins(nodeId: string): void {
    for (const { waiting } of this.#told.get(nodeId) ?? []) {
      if (waiting.awaited.has(nodeId)) waiting.awaited.set(nodeId, UNTOLD)
    }
    this.#told.delete(nodeId)
  }

  /** The node is down, or no node any more: nobody connects through it. */
  gone(nodeId: string): void {
    this.#told.delete(nodeId)
    for (const waiting of this.#open) this.#acknowledged(nodeId, waiting)
  }

  /** The task has ended, or is no more: there is nothing to withhold. */
  drop(taskId: string): void {
    this.#byTask.delete(taskId)
  }

  /** Forgets everything; nothing is released. */
  stop(): void {
    this.#cancelTimer?.()
    for (const { whenOver } of this.#open) for (const tell of whenOver) tell()
    for (const kept of [this.#open, this.#byService, this.#byTask, this.#told]) kept.clear()
  }

  #note(nodeId: string, waiting: Waiting, sequence: number): void {
    if (waiting.awaited.get(nodeId) !== UNTOLD) return
    waiting.awaited.set(nodeId, sequence)
    const told = this.#told.get(nodeId)
    if (told) told.push({ sequence, waiting })
    else this.#told.set(nodeId, [{ sequence, waiting }])
  }

  #acknowledged(nodeId: string, waiting: Waiting): void {
    if (waiting.awaited.delete(nodeId) && waiting.awaited.size === 0) this.#end(waiting)
  }

  #end(waiting: Waiting): void {
    if (!this.#open.delete(waiting)) return
    leave(this.#byService, waiting.serviceId, waiting)
    const known = waiting.taskIds.filter((taskId) => this.#byTask.has(taskId))
    for (const taskId of known) leave(this.#byTask, taskId, waiting)
    const released = known.filter((taskId) => !this.#byTask.has(taskId))
    this.#armTimer()
    if (released.length > 0) this.#options.release(released)
    for (const tell of waiting.whenOver) tell()
  }

  /** One timer, for the oldest. */
  #armTimer(): void {
    const [oldest] = this.#open
    if (this.#cancelTimer && oldest) return
    this.#cancelTimer?.()
    this.#cancelTimer = oldest && this.#options.clock.setTimer(this.#left(oldest), () => this.#expire())
  }

  #expire(): void {
    this.#cancelTimer = undefined
    for (const waiting of this.#open) {
      if (this.#left(waiting) > 0) break
      for (const nodeId of waiting.awaited.keys()) this.#forgetTold(nodeId, waiting)
      this.#end(waiting)
    }
    this.#armTimer()
  }

  #forgetTold(nodeId: string, waiting: Waiting): void {
    const others = this.#told.get(nodeId)?.filter((one) => one.waiting !== waiting) ?? []
    if (others.length === 0) this.#told.delete(nodeId)
    else this.#told.set(nodeId, others)
  }

  #left({ endsAtMs }: Waiting): number {
    return Math.max(endsAtMs - this.#options.clock.now(), 0)
  }
}

function enter(index: Map<string, Set<Waiting>>, key: string, waiting: Waiting): void {
  const known = index.get(key)
  if (known) known.add(waiting)
  else index.set(key, new Set([waiting]))
}

function leave(index: Map<string, Set<Waiting>>, key: string, waiting: Waiting): void {
  const known = index.get(key)
  known?.delete(waiting)
  if (known?.size === 0) index.delete(key)
}
