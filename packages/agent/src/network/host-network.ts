import { isRetryable, messageOf, ShoalError, type CancelTimer, type Clock, type Logger } from '@shoal/common'
import type { AssignedTask, HostDocument, HostDocumentName } from '@shoal/engine-api'
import type { NetworkEngine, TaskNetworking } from '../executor/port.js'
import { macOf } from './addresses.js'
import type { Run, Watch } from './apply/index.js'
import { Documents } from './documents.js'
import { drain, type DrainOptions } from './drain.js'
import { engineNetworkName } from './names.js'
import { Pass, type Sight } from './pass.js'
import type { TaskNetworks } from './port.js'

export const DEFAULT_HOST_NETWORK = { periodMs: 3_000, firstRetryMs: 250, sweepDelayMs: 200 } as const

/** So many failures in a row are no hitch: tasks that wait for a network are told why they cannot have it. */
const PATIENCE = 4

export interface HostNetworkOptions {
  readonly engine: NetworkEngine
  /** The tasks of this host whose addresses are, or are about to be, in use here. */
  readonly tasks: () => Iterable<AssignedTask>
  readonly run: Run
  readonly watch: Watch
  readonly clock: Clock
  readonly log: Logger
  readonly drain: Pick<DrainOptions, 'longestMs' | 'idleMs' | 'pollMs'>
  /** How often the kernel is compared with the plan although nothing said so, in milliseconds. */
  readonly periodMs: number
  /** How long after a failure it is tried again; doubled each time, up to the period. */
  readonly firstRetryMs: number
  /** How long slots of departed endpoints stay for packets on their way. */
  readonly sweepDelayMs: number
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Keeps the network of this host as the documents say. Invariants: one pass at a time; what was told before a pass
 * began is in force when it ends; a failure is told, and tried again until it is none. The host is looked at beside, so
 * that no change waits for that.
 */
export class HostNetwork implements TaskNetworks {
  readonly #options: HostNetworkOptions
  readonly #documents = new Documents()
  readonly #pass: Pass
  readonly #ended = new AbortController()
  /** Before the first complete set nothing is known to be too much. */
  #told = false
  #isAsked = false
  #working: Promise<void> | undefined
  /** A look that is under way, and whether another one was asked for since it began. */
  #looking: Promise<void> | undefined
  #lookAgain = false
  #lookedAt = 0
  /** What a look has found and no pass has seen to yet. */
  #sight: Sight | 'now' | undefined
  #waiters: Waiter[] = []
  /** Who waits for the end of a pass, however it ends. */
  #watchers: (() => void)[] = []
  #failures = 0
  #trouble: unknown
  #cancelTimer: CancelTimer = () => undefined

  constructor(options: HostNetworkOptions) {
    this.#options = options
    this.#pass = new Pass(
      { ...options, ended: this.#ended.signal, onDamage: () => this.look() },
      this.#documents,
    )
  }

  /** The complete set of documents. Resolves when it is in force: see DocumentHandler in session/. */
  replaceAll(documents: readonly HostDocument[]): Promise<void> {
    this.#documents.replaceAll(documents)
    this.#told = true
    return this.#inForce()
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> {
    this.#documents.change(put, removed)
    return this.#inForce()
  }

  /** Something may be otherwise than it was left. */
  look(): void {
    if (this.#ended.signal.aborted || !this.#told) return
    if (this.#looking) {
      this.#lookAgain = true
      return
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
      this.#wake()
      if (this.#lookAgain) this.look()
    })
  }

  missing(task: AssignedTask): string | undefined {
    const unknown = (task.Attachments ?? []).filter(
      ({ NetworkID }) => !this.#documents.networks.has(NetworkID),
    )
    if (unknown.length === 0) return undefined
    return `waiting for the network ${unknown.map(({ NetworkID }) => NetworkID).join(', ')}`
  }

  async join(task: AssignedTask, signal: AbortSignal): Promise<TaskNetworking | undefined> {
    const attachments = task.Attachments ?? []
    if (attachments.length === 0) return undefined
    if (!attachments.every((attachment) => this.#pass.has(attachment))) this.#wake()
    while (!attachments.every((attachment) => this.#pass.has(attachment))) {
      this.#throwIfHopeless(task)
      await this.#passEnds(signal)
      signal.throwIfAborted()
      this.#ended.signal.throwIfAborted()
    }
    return this.#networking(task)
  }

  started(task: AssignedTask): void {
    if (task.Attachments?.length) this.look()
  }

  async drained(task: AssignedTask, signal: AbortSignal): Promise<void> {
    const { run, clock, log, drain: times } = this.#options
    await drain({ run, clock, log, ...times }, task, signal)
  }

  /** Ends all work, and leaves everything in force. */
  async stop(): Promise<void> {
    this.#ended.abort(new ShoalError('unavailable', 'the agent is stopping'))
    this.#cancelTimer()
    await Promise.all([this.#working, this.#looking])
    for (const watcher of this.#watchers.splice(0)) watcher()
    for (const { reject } of this.#waiters.splice(0)) reject(this.#ended.signal.reason)
  }

  /** Takes everything away; for a host that leaves its cluster, when its tasks are gone. */
  async remove(): Promise<void> {
    await this.stop()
    await this.#pass.remove()
  }

  #inForce(): Promise<void> {
    if (this.#ended.signal.aborted) return Promise.reject(this.#ended.signal.reason as Error)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#wake()
    })
  }

  /** The pass that follows upon a look that fails looks itself, and fails for all to see. */
  async #look(): Promise<void> {
    this.#lookAgain = false
    this.#lookedAt = this.#options.clock.now()
    try {
      this.#sight = await this.#pass.look()
    } catch {
      this.#sight = 'now'
    }
  }

  #wake(): void {
    if (this.#ended.signal.aborted || !this.#told) return
    this.#isAsked = true
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#isAsked) this.#wake()
    })
  }

  async #work(): Promise<void> {
    // What is told in the same turn of the event loop is one change.
    await Promise.resolve()
    while (this.#isAsked && !this.#ended.signal.aborted) {
      const waiters = this.#waiters.splice(0)
      const sight = this.#failures > 0 ? 'now' : this.#sight
      if (sight === 'now' || this.#lookedAt === 0) this.#lookedAt = this.#options.clock.now()
      this.#isAsked = false
      this.#sight = undefined
      try {
        await this.#pass.run(sight)
        this.#failures = 0
        this.#trouble = undefined
        for (const { resolve } of waiters) resolve()
      } catch (error) {
        this.#failed(error)
        // Where the programs are missing that lead connections anywhere, none is led to the wrong place.
        for (const { resolve, reject } of waiters) {
          if (isHopeless(error)) resolve()
          else reject(error)
        }
      }
      for (const watcher of this.#watchers.splice(0)) watcher()
    }
    void this.#remember()
    this.#arm()
  }

  #failed(error: unknown): void {
    this.#failures++
    const level = this.#failures === 1 || messageOf(error) !== messageOf(this.#trouble) ? 'warn' : 'debug'
    this.#trouble = error
    this.#options.log[level](
      { reason: messageOf(error) },
      'the network is not as it should be: will try again',
    )
  }

  async #remember(): Promise<void> {
    try {
      await this.#pass.remember()
    } catch (error) {
      this.#options.log.debug({ reason: messageOf(error) }, 'the table could not be listed')
    }
  }

  #arm(): void {
    this.#cancelTimer()
    if (this.#ended.signal.aborted) return
    const { clock, periodMs, firstRetryMs, sweepDelayMs } = this.#options
    const retryMs = this.#failures > 0 ? firstRetryMs * 2 ** (this.#failures - 1) : periodMs
    const heldUpMs = this.#pass.isHeldUp && this.#failures === 0 ? firstRetryMs : periodMs
    const sweepMs = this.#pass.needsSweep ? sweepDelayMs : periodMs
    const lookMs = Math.max(0, this.#lookedAt + periodMs - clock.now())
    this.#cancelTimer = clock.setTimer(Math.min(retryMs, heldUpMs, sweepMs, lookMs), () => {
      if (clock.now() < this.#lookedAt + periodMs) this.#wake()
      // One that is still under way wakes us when it ends.
      else if (!this.#looking) this.look()
    })
  }

  #passEnds(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
      this.#watchers.push(done)
    })
  }

  /** @throws ShoalError failed-precondition when there is no point in waiting for the task's networks */
  #throwIfHopeless(task: AssignedTask): void {
    const hopeless = isHopeless(this.#trouble) || this.#failures >= PATIENCE
    const refusal = (task.Attachments ?? [])
      .map(({ NetworkID }) => this.#pass.refusalOf(NetworkID))
      .find((error) => error !== undefined && !isRetryable(error))
    const cause = refusal ?? (hopeless ? this.#trouble : undefined)
    if (cause !== undefined)
      throw new ShoalError(
        'failed-precondition',
        `the task's network cannot be set up: ${messageOf(cause)}`,
        cause,
      )
  }

  #networking(task: AssignedTask): TaskNetworking {
    const attachments = (task.Attachments ?? []).flatMap(({ NetworkID, Address }) => {
      const network = this.#documents.networks.get(NetworkID)
      return network
        ? [{ network: engineNetworkName(network), address: Address, mac: macOf(Address), of: network }]
        : []
    })
    attachments.sort((a, b) => (a.network < b.network ? -1 : 1))
    return {
      attachments: attachments.map(({ network, address, mac }) => ({ network, address, mac })),
      // On the ingress network alone there are no names of the cluster.
      nameServer: attachments.find(({ of }) => !of.Ingress)?.of.NodeGateway,
    }
  }
}

/** A program that is not installed will not come by itself. */
function isHopeless(error: unknown): boolean {
  return error instanceof ShoalError && error.code === 'failed-precondition'
}
