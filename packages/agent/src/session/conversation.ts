import { isDeepStrictEqual } from 'node:util'
import type { ClientDuplexStream } from '@grpc/grpc-js'
import { ShoalError, unreachable, type CancelTimer } from '@shoal/common'
import type { NodeDescription } from '@shoal/engine-api'
import type {
  AgentMessage,
  ClusterNews__Output,
  DispatcherClient,
  ManagerMessage__Output,
} from '@shoal/proto'
import type { SessionOutcome } from './decide.js'
import { Intake, type IntakeOptions } from './intake.js'
import { outcomeOf } from './outcome.js'
import type { Outbox } from './outbox.js'
import type { SessionOptions, TaskReport } from './ports.js'
import { Pulse } from './pulse.js'

/** A manager may have thousands of nodes to register before this one, so it gets more time for that, in milliseconds. */
const WELCOME_WITHIN_MS = 60_000
/** How often the host is looked at for changes, in milliseconds. */
const DESCRIBE_EVERY_MS = 30_000
/** Statuses of this long travel together, in milliseconds. */
const GATHER_MS = 3
/**
 * What was written may be lost with its connection, and nobody says what has arrived: so much of the latest is told to
 * the next manager once more, in milliseconds. It is longer than a dead connection stays unnoticed, and to be told
 * twice does no harm.
 */
const DOUBTFUL_MS = 30_000

type Call = ClientDuplexStream<AgentMessage, ManagerMessage__Output>

interface Written {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly reports: readonly TaskReport[]
}

type Phase =
  | { readonly kind: 'calling'; readonly cancelTimeout: CancelTimer }
  | { readonly kind: 'introduced'; readonly cancelTimeout: CancelTimer }
  | { readonly kind: 'welcome'; readonly sinceMs: number }
  | { readonly kind: 'over' }

/**
 * One stream to one manager, from the first call to its end. Invariants: statuses go out one batch at a time;
 * assignments are handed on in order; when it is over, all that has come was handed on, and no timer is left.
 */
export class Conversation {
  readonly #options: SessionOptions
  readonly #outbox: Outbox
  readonly #client: DispatcherClient
  readonly #call: Call
  readonly #intake: Intake
  readonly #address: string
  /** Ends the relays that this manager has asked for. */
  readonly #relaying = new AbortController()
  #relayClient: DispatcherClient | undefined
  #phase: Phase
  #description: NodeDescription
  readonly #pulse: Pulse
  /** With a message of the manager. */
  #isBusy = false
  #cancelDescribe: CancelTimer | undefined
  #cancelGather: CancelTimer | undefined
  #underWay: readonly TaskReport[] = []
  /** In order. */
  readonly #written: Written[] = []
  /** Why this end gave up, if it did. */
  #complaint: Error | undefined
  readonly #hearNews: (news: ClusterNews__Output) => Promise<void>

  constructor(
    options: SessionOptions & Pick<IntakeOptions, 'documents'>,
    outbox: Outbox,
    { address, patienceMs }: { readonly address: string; readonly patienceMs: number },
    description: NodeDescription,
    hearNews: (news: ClusterNews__Output) => Promise<void>,
  ) {
    this.#options = options
    this.#outbox = outbox
    this.#description = description
    this.#hearNews = hearNews
    this.#intake = new Intake({
      ...options,
      acknowledge: (sequence, sent) => this.#acknowledge(sequence, sent),
      failed: (error) => this.#giveUp(error instanceof Error ? error : new Error(String(error))),
    })
    this.#pulse = new Pulse({
      ...options,
      beat: () => this.#beat(),
      isBusy: () => this.#isBusy,
      silent: () => this.#giveUp(new ShoalError('unavailable', 'the manager gives no sign of life')),
    })
    this.#address = address
    this.#client = options.connect(address)
    this.#call = this.#client.session()
    this.#phase = {
      kind: 'calling',
      cancelTimeout: this.#timeout(patienceMs, 'the manager does not answer'),
    }
  }

  /** Holds the conversation until it ends, or `signal` aborts. It never rejects. */
  async hold(signal: AbortSignal): Promise<SessionOutcome> {
    const hangUp = (): void => this.#call.cancel()
    signal.addEventListener('abort', hangUp, { once: true })
    // Errors come out of the iteration; after it has ended, they say nothing new.
    this.#call.on('error', () => undefined)
    this.#call.on('metadata', () => this.#reached())
    let failure: unknown
    try {
      this.#introduce()
      for await (const message of this.#call) {
        this.#pulse.heard()
        this.#isBusy = true
        await this.#hear(message as ManagerMessage__Output)
        this.#isBusy = false
      }
    } catch (error) {
      failure = error
    }
    signal.removeEventListener('abort', hangUp)
    const livedMs =
      this.#phase.kind === 'welcome' ? this.#options.clock.now() - this.#phase.sinceMs : undefined
    this.#close()
    await this.#intake.idle()
    return outcomeOf(this.#complaint ?? failure, livedMs)
  }

  /** There is something in the outbox. */
  statusesWait(): void {
    if (this.#phase.kind !== 'welcome') return
    this.#cancelGather ??= this.#options.clock.setTimer(GATHER_MS, () => {
      this.#cancelGather = undefined
      this.#sendStatuses()
    })
  }

  /** Says good-bye: the manager ends the conversation when it has written that this node has left. */
  leave(): void {
    this.#call.write({ leave: {} })
  }

  #introduce(): void {
    this.#call.write({
      hello: {
        descriptionJson: JSON.stringify(this.#description),
        advertiseAddress: this.#options.advertiseAddress ?? '',
      },
    })
  }

  #reached(): void {
    if (this.#phase.kind !== 'calling') return
    this.#phase.cancelTimeout()
    const cancelTimeout = this.#timeout(WELCOME_WITHIN_MS, 'the manager does not register this node')
    this.#phase = { kind: 'introduced', cancelTimeout }
  }

  #timeout(delayMs: number, complaint: string): CancelTimer {
    return this.#options.clock.setTimer(delayMs, () => this.#giveUp(new ShoalError('unavailable', complaint)))
  }

  #giveUp(complaint: Error): void {
    this.#complaint ??= complaint
    this.#call.cancel()
  }

  async #hear(message: ManagerMessage__Output): Promise<void> {
    switch (message.body) {
      case 'welcome':
        return this.#beginWelcome(message.welcome?.news)
      case 'assignments':
        return message.assignments ? this.#intake.take(message.assignments) : undefined
      case 'news':
        return this.#takeNews(message.news)
      case 'role':
        if (message.role) this.#options.onRole?.(message.role)
        return
      case 'relay':
        if (message.relay) this.#openRelay(message.relay.id)
        return
      case 'heartbeat': // It was heard.
        return
      case undefined: // A newer manager's message: it is for newer agents.
        return
      default:
        return unreachable(message.body)
    }
  }

  async #beginWelcome(news: ClusterNews__Output | null | undefined): Promise<void> {
    if (this.#phase.kind === 'over' || this.#phase.kind === 'welcome') return
    this.#phase.cancelTimeout()
    this.#phase = { kind: 'welcome', sinceMs: this.#options.clock.now() }
    await this.#takeNews(news)
    for (const report of this.#options.onAssignments.statuses()) this.#outbox.add(report)
    this.#sendStatuses()
    this.#describeLater()
  }

  async #takeNews(news: ClusterNews__Output | null | undefined): Promise<void> {
    if (!news || this.#phase.kind !== 'welcome') return
    this.#pulse.keep(news)
    await this.#hearNews(news)
  }

  /** Over a connection of its own: what flows there is not to delay signs of life. */
  #openRelay(id: string): void {
    const { relays, connect } = this.#options
    if (!relays || this.#phase.kind === 'over') return
    this.#relayClient ??= connect(this.#address)
    relays.open(this.#relayClient, id, this.#relaying.signal)
  }

  #acknowledge(sequence: number, sent: () => void): void {
    if (this.#phase.kind !== 'welcome') return
    this.#call.write({ applied: { sequence } }, (error?: Error | null) => {
      if (!error) sent()
    })
  }

  #beat(): void {
    const use = this.#options.measureUse?.()
    this.#call.write({ heartbeat: use ? { use } : {} })
  }

  #describeLater(): void {
    if (this.#phase.kind !== 'welcome') return
    this.#cancelDescribe = this.#options.clock.setTimer(DESCRIBE_EVERY_MS, () => void this.#describe())
  }

  async #describe(): Promise<void> {
    try {
      const description = await this.#options.describeHost()
      if (this.#phase.kind === 'welcome' && !isDeepStrictEqual(description, this.#description)) {
        this.#description = description
        this.#call.write({ description: { descriptionJson: JSON.stringify(description) } })
      }
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the host cannot be described at present')
    }
    this.#describeLater()
  }

  #sendStatuses(): void {
    if (this.#phase.kind !== 'welcome' || this.#underWay.length > 0 || this.#outbox.size === 0) return
    this.#underWay = this.#outbox.take()
    const reports = this.#underWay.map(({ taskId, status }) => ({
      taskId,
      statusJson: JSON.stringify(status),
    }))
    this.#call.write({ statuses: { reports } }, (error?: Error | null) => {
      if (error || this.#phase.kind !== 'welcome') return
      this.#forgetArrived()
      this.#written.push({ atMs: this.#options.clock.now(), reports: this.#underWay })
      this.#underWay = []
      this.#sendStatuses()
    })
  }

  #forgetArrived(): void {
    const sinceMs = this.#options.clock.now() - DOUBTFUL_MS
    while ((this.#written[0]?.atMs ?? sinceMs) < sinceMs) this.#written.shift()
  }

  #close(): void {
    if (this.#phase.kind === 'calling' || this.#phase.kind === 'introduced') this.#phase.cancelTimeout()
    this.#phase = { kind: 'over' }
    this.#pulse.stop()
    this.#cancelDescribe?.()
    this.#cancelGather?.()
    this.#forgetArrived()
    this.#outbox.putBack([...this.#written.splice(0).flatMap(({ reports }) => reports), ...this.#underWay])
    this.#underWay = []
    this.#call.cancel()
    this.#relaying.abort()
    this.#relayClient?.close()
    this.#client.close()
  }
}
