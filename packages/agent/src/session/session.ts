import { isDeepStrictEqual } from 'node:util'
import { messageOf, sleep } from '@shoal/common'
import type { NodeDescription, TaskStatus } from '@shoal/engine-api'
import type { ClusterNews__Output } from '@shoal/proto'
import { Conversation } from './conversation.js'
import { decideNextTry, firstTry, type NextTry, type SessionOutcome } from './decide.js'
import { documentLane } from './intake.js'
import { Outbox } from './outbox.js'
import type { SessionOptions } from './ports.js'

/** How long a leaving node waits for the manager to take note, in milliseconds. */
const LEAVE_WITHIN_MS = 5_000
/** How long to wait for somebody to name a manager, in milliseconds. */
const NO_MANAGER_DELAY_MS = 8_000

export interface Session {
  /** Finds a manager and keeps talking to one until `signal` aborts or the node has left. It never rejects. */
  run(signal: AbortSignal): Promise<void>
  /** Tells the manager of a task's status: soon, or when there is a manager again. Returns at once. */
  report(taskId: string, status: TaskStatus): void
  /** Tells the manager that this node leaves the cluster, waits a few seconds for it, and ends `run`. */
  leave(): Promise<void>
  /** `host:port` of every manager as far as known, the primary's first. */
  managers(): readonly string[]
  /** Whether a manager has welcomed this node and the conversation goes on. */
  connected(): boolean
}

export function createSession(options: SessionOptions): Session {
  return new ManagedSession(options)
}

type State =
  | { readonly kind: 'apart' }
  | { readonly kind: 'calling'; readonly conversation: Conversation }
  | { readonly kind: 'connected'; readonly conversation: Conversation }
  | { readonly kind: 'left' }

class ManagedSession implements Session {
  readonly #options: SessionOptions
  readonly #documents: ReturnType<typeof documentLane>
  readonly #outbox = new Outbox()
  readonly #leaving = new AbortController()
  #state: State = { kind: 'apart' }
  #managers: readonly string[] = []
  /** Of the latest news: see ClusterNews. */
  #reconnectWithinMs = 0
  /** The latest; it serves while the Docker Engine is away and cannot be asked. */
  #description: NodeDescription | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: SessionOptions) {
    this.#options = options
    this.#documents = documentLane(options.onDocuments, options.log)
  }

  run(signal: AbortSignal): Promise<void> {
    this.#running = this.#keepTalking(signal)
    return this.#running
  }

  report(taskId: string, status: TaskStatus): void {
    this.#outbox.add({ taskId, status })
    if (this.#state.kind === 'connected') this.#state.conversation.statusesWait()
  }

  async leave(): Promise<void> {
    const { clock } = this.#options
    const before = this.#state
    this.#state = { kind: 'left' }
    if (before.kind === 'connected') {
      before.conversation.leave()
      await Promise.race([this.#running, sleep(clock, LEAVE_WITHIN_MS, this.#leaving.signal)])
    }
    this.#leaving.abort()
    await this.#running
  }

  managers(): readonly string[] {
    return this.#managers
  }

  connected(): boolean {
    return this.#state.kind === 'connected'
  }

  async #keepTalking(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options
    const stop = AbortSignal.any([signal, this.#leaving.signal])
    let next = firstTry(await this.#loadManagers())
    while (!stop.aborted && !this.#hasLeft()) {
      const outcome = await this.#talk(next, stop)
      if (stop.aborted || this.#hasLeft()) break
      this.#state = { kind: 'apart' }
      if (outcome === 'no-manager') {
        log.error('no manager is known: this node has to join a cluster first')
        await sleep(clock, NO_MANAGER_DELAY_MS, stop)
        next = firstTry(await this.#loadManagers())
        continue
      }
      this.#logOutcome(outcome, next)
      next = decideNextTry(outcome, next.failures, this.#managers, this.#reconnectWithinMs, random)
      await sleep(clock, next.delayMs, stop)
    }
  }

  async #talk({ address, patienceMs }: NextTry, stop: AbortSignal): Promise<SessionOutcome | 'no-manager'> {
    if (address === undefined) return 'no-manager'
    let conversation: Conversation
    try {
      const description = await this.#describeHost()
      if (stop.aborted || this.#hasLeft()) return { kind: 'unreachable', reason: 'stopped' }
      const target = { address, patienceMs }
      const options = { ...this.#options, documents: this.#documents }
      conversation = new Conversation(options, this.#outbox, target, description, async (news) => {
        if (this.#state.kind === 'calling') {
          this.#state = { kind: 'connected', conversation }
          this.#options.log.info({ manager: address }, 'connected to the manager')
        }
        await this.#takeNews(news)
      })
    } catch (error) {
      return { kind: 'unreachable', reason: messageOf(error) }
    }
    this.#state = { kind: 'calling', conversation }
    return conversation.hold(stop)
  }

  async #describeHost(): Promise<NodeDescription> {
    try {
      this.#description = await this.#options.describeHost()
    } catch (error) {
      if (!this.#description) throw error
    }
    return this.#description
  }

  async #takeNews(news: ClusterNews__Output): Promise<void> {
    this.#reconnectWithinMs = news.reconnectWithinMs
    if (news.managers.length > 0 && !isDeepStrictEqual(news.managers, this.#managers)) {
      this.#managers = news.managers
      try {
        await this.#options.managers.save(news.managers)
      } catch (error) {
        this.#options.log.error({ err: error }, 'the list of managers could not be saved')
      }
    }
    await this.#options.onNews?.(news)
  }

  async #loadManagers(): Promise<readonly string[]> {
    try {
      this.#managers = await this.#options.managers.load()
    } catch (error) {
      this.#options.log.error({ err: error }, 'the list of managers could not be read')
    }
    return this.#managers
  }

  #hasLeft(): boolean {
    return this.#state.kind === 'left'
  }

  /** A first failure is news; that it goes on is not. */
  #logOutcome(outcome: SessionOutcome, { address, failures }: NextTry): void {
    const { log } = this.#options
    switch (outcome.kind) {
      case 'refused':
        log.error({ manager: address, reason: outcome.reason }, 'the manager refuses this node')
        return
      case 'lost':
        log.warn({ manager: address, reason: outcome.reason }, 'lost the manager')
        return
      case 'unreachable': {
        const level = failures === 0 ? 'warn' : 'debug'
        log[level]({ manager: address, reason: outcome.reason }, 'no manager reached')
      }
    }
  }
}
