import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type Logger, ShoalError } from '@shoal/common'
import type { Identity } from '@shoal/common/tls/index'
import type { PassOn, UpgradeWish } from '../api/options.js'
import type { ManagerInfo } from '../leader/index.js'
import { attempt, type Exchange } from './attempt.js'
import { connectionTo, endWithItsPrimary, untilConnected } from './connection.js'
import { type Outcome, type Step, stepAfter, type Traits } from './decide.js'
import { hasBody, headOf, isMarked, MARK } from './headers.js'
import { patienceOf } from './patience.js'
import { NO_PRIMARY, refuse, UNAVAILABLE, UNKNOWN } from './refusals.js'
import { type Election, untilChanged, untilRouted } from './route.js'

export interface ForwarderOptions extends Election {
  /** What this manager shows to the primary. */
  readonly identity: () => Identity
  readonly log: Logger
}

const HTTP_OK = 200

/**
 * How long a request waits for a primary, in milliseconds: for the lease of one that fell silent to end, and another
 * to take over.
 */
const PATIENCE_MS = 6_000
/** How long one that was passed on waits for the term of this manager to begin: somebody else waits beside it. */
const PASSED_ON_PATIENCE_MS = 2_000

/** Passes requests on to the primary. Whoever calls it has checked that the client may use the API. */
export class Forwarder implements PassOn {
  readonly #options: ForwarderOptions
  readonly #agent = new Agent({ keepAlive: true })

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  get primary(): boolean {
    return this.#options.role.primary
  }

  onRoleChange(listener: () => void): () => void {
    return this.#options.role.onChange(listener)
  }

  async request(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    if (this.primary) return false
    const isPassedOn = isMarked(request)
    return this.#pass({
      client: response,
      isPassedOn,
      traits: { isRead: request.method === 'GET' || request.method === 'HEAD', hasBody: hasBody(request) },
      attempt: (leader, signal) => this.#ask({ request, response, path }, leader, signal),
      refuse: (message) => refuse(response, message, isPassedOn),
    })
  }

  /** Once they are joined, the bytes are the primary's and the client's alone: nothing of them is read here. */
  async upgrade({ request, client, head, refuse }: UpgradeWish): Promise<boolean> {
    client.on('error', () => client.destroy())
    return this.#pass({
      client,
      isPassedOn: isMarked(request),
      traits: { isRead: false, hasBody: true },
      attempt: (leader, signal) => this.#join({ request, client, head }, leader, signal),
      refuse: (message) => refuse(UNAVAILABLE, message),
    })
  }

  isPassedOn(request: IncomingMessage): boolean {
    return isMarked(request)
  }

  async read(path: string, signal: AbortSignal): Promise<Readable> {
    const { directory, identity, managerId } = this.#options
    const leader = directory.leader()
    if (!leader || leader.managerId === managerId) throw new ShoalError('unavailable', NO_PRIMARY)
    const headers = { [MARK]: managerId }
    const call = httpsRequest({
      ...connectionTo(leader, identity()),
      agent: this.#agent,
      path,
      headers,
      signal,
    })
    endWithItsPrimary(directory, leader.managerId, call)
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve).on('error', reject).end()
    })
    if (answer.statusCode === HTTP_OK) return answer
    answer.destroy()
    throw new ShoalError('unavailable', `the primary answers ${answer.statusCode}`)
  }

  close(): void {
    this.#agent.destroy()
  }

  /** @returns false when this manager is the one to serve it */
  async #pass(passage: Passage): Promise<boolean> {
    const { client, isPassedOn } = passage
    const patience = patienceOf(client, isPassedOn ? PASSED_ON_PATIENCE_MS : PATIENCE_MS, this.#options.clock)
    try {
      for (let losses = 0; ;) {
        const route = await untilRouted(this.#options, isPassedOn, patience.signal)
        if (client.destroyed) return true
        if (route?.type === 'ours') return false
        if (!route) {
          passage.refuse(NO_PRIMARY)
          return true
        }
        const outcome = await passage.attempt(route.leader, patience.signal)
        if (outcome.type === 'lost' && ++losses === 1) patience.renew()
        const step = stepAfter(outcome, passage.traits, losses, !patience.signal.aborted)
        if (step !== 'again') {
          this.#end(step, outcome, passage, route.leader)
          return true
        }
        await this.#untilWorthwhile(route.leader, patience.signal)
      }
    } finally {
      patience.end()
    }
  }

  #ask(exchange: Exchange, leader: ManagerInfo, signal: AbortSignal): Promise<Outcome> {
    const { managerId, directory, identity } = this.#options
    const parts = { managerId, directory, identity: identity(), agent: this.#agent, signal }
    return attempt(exchange, leader, parts)
  }

  async #join(upgrade: Upgrade, leader: ManagerInfo, signal: AbortSignal): Promise<Outcome> {
    const { managerId, directory, identity } = this.#options
    // Node knows the option here, too, whatever its types say.
    const options = { ...connectionTo(leader, identity()), allowHalfOpen: true }
    try {
      const primary = await untilConnected(options, signal)
      endWithItsPrimary(directory, leader.managerId, primary)
      joinEnds(upgrade, primary, managerId)
      return { type: 'answered' }
    } catch (error) {
      return { type: 'unsent', error: error as Error }
    }
  }

  #end(step: Exclude<Step, 'again'>, outcome: Outcome, { refuse }: Passage, leader: ManagerInfo): void {
    if (step === 'done') return
    const reason = 'error' in outcome ? { err: outcome.error } : {}
    this.#options.log.warn({ ...reason, primary: leader.managerId }, 'a request could not be passed on')
    refuse(step === 'refuse-as-unknown' ? UNKNOWN : NO_PRIMARY)
  }

  /** The one that was asked in vain is given a moment, and any other none. */
  async #untilWorthwhile({ managerId }: ManagerInfo, signal: AbortSignal): Promise<void> {
    if (this.#options.directory.leader()?.managerId === managerId) await untilChanged(this.#options, signal)
  }
}

/** What is to be passed on. */
interface Passage {
  readonly client: ServerResponse | Duplex
  /** By another manager, which takes this one for the primary. */
  readonly isPassedOn: boolean
  readonly traits: Traits
  readonly attempt: (leader: ManagerInfo, signal: AbortSignal) => Promise<Outcome>
  readonly refuse: (message: string) => void
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly client: Duplex
  readonly head: Buffer
}

function joinEnds({ request, client, head }: Upgrade, primary: TLSSocket, managerId: string): void {
  if (client.destroyed) return void primary.destroy()
  primary.on('error', () => client.destroy())
  client.once('close', () => primary.destroy())
  primary.once('close', () => client.destroy())
  primary.write(headOf(request, managerId))
  primary.write(head)
  client.pipe(primary)
  primary.pipe(client)
}
