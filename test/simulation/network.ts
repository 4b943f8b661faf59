import type { Clock } from '@shoal/common'
import type { Probe, ProbeOutcome } from '@shoal/manager/leader/index'
import type { DispatcherClient } from '@shoal/proto'
import { Call, type ClientEnd, type ServerEnd } from './call.js'
import type { Dice } from './dice.js'
import type { SimProcess } from './process.js'

/** How long a manager waits for an answer to its knock, in milliseconds. */
const SILENCE_MS = 1_000

/** Who calls: a machine, the node that its certificate names, and the process. */
export interface Caller {
  readonly host: string
  readonly nodeId: string
  readonly process: SimProcess
}

/** Where agents call. */
export interface Listener {
  readonly process: SimProcess
  /** Whether its port is open. */
  readonly listens: boolean
  accept(call: ServerEnd): void
}

export interface NetworkOptions {
  readonly clock: Clock
  readonly dice: Dice
}

/** What lies between agents and managers, and between managers, with its faults. Streams have gRPC's shape. */
export class Network {
  readonly options: NetworkOptions
  /** How likely a batch of statuses is told twice. */
  duplication = 0
  /** Added to the way of every message, in milliseconds. */
  slowness = 0
  readonly #listeners = new Map<string, Listener>()
  readonly #cuts = new Map<string, number>()
  readonly #refusing = new Set<string>()
  readonly #calls = new Set<Call>()
  #cutCount = 0

  constructor(options: NetworkOptions) {
    this.options = options
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener)
  }

  /** Who answers there. A host may refuse for reasons of its own although the manager lives. */
  listenerAt(address: string): Listener | undefined {
    const listener = this.#listeners.get(address)
    return listener?.listens && !this.#refusing.has(address) ? listener : undefined
  }

  /** A client as the agent's session takes it. */
  connect(caller: Caller, address: string): DispatcherClient {
    const session = (): ClientEnd => {
      const call = new Call(this, caller, address)
      this.#calls.add(call)
      return call.client
    }
    return { session, close: () => undefined } as unknown as DispatcherClient
  }

  /** Knocks at ports, for a manager's process. */
  probeFrom(host: string, process: SimProcess): Probe {
    const { clock, dice } = this.options
    return (address, signal) =>
      new Promise((resolve) => {
        const answer = (outcome: ProbeOutcome): void =>
          process.run(() => {
            signal.removeEventListener('abort', giveUp)
            resolve(outcome)
          })
        const giveUp = (): void => answer('silent')
        signal.addEventListener('abort', giveUp, { once: true })
        clock.setTimer(dice.between(1, 5) + this.slowness, () => {
          const outcome = this.#knock(host, address)
          if (outcome === 'silent') clock.setTimer(SILENCE_MS, () => answer(outcome))
          else answer(outcome)
        })
      })
  }

  #knock(host: string, address: string): ProbeOutcome {
    if (this.isCut(host, address)) return 'silent'
    const listener = this.listenerAt(address)
    if (!listener) return 'refused'
    return listener.process.isPaused ? 'silent' : 'open'
  }

  /** The host at this address refuses whoever comes anew, for a while. */
  refuse(address: string, forMs: number): void {
    this.#refusing.add(address)
    this.options.clock.setTimer(forMs, () => this.#refusing.delete(address))
  }

  isCut(host: string, address: string): boolean {
    return this.#cuts.has(`${host} ${address}`)
  }

  /** Nothing passes between the two for a while; what was sent waits, or is lost when an end gives up. */
  cut(host: string, address: string, forMs: number): void {
    const path = `${host} ${address}`
    const number = ++this.#cutCount
    this.#cuts.set(path, number)
    for (const call of this.#calls) if (call.path === path) call.silenceBegins()
    this.options.clock.setTimer(forMs, () => {
      if (this.#cuts.get(path) === number) this.heal(host, address)
    })
  }

  heal(host: string, address: string): void {
    this.#cuts.delete(`${host} ${address}`)
    for (const call of this.#calls) if (call.path === `${host} ${address}`) call.silenceEnds()
  }

  healAll(): void {
    this.#refusing.clear()
    for (const path of Array.from(this.#cuts.keys())) {
      const [host = '', address = ''] = path.split(' ')
      this.heal(host, address)
    }
  }

  /** Breaks the connections of a machine: what is on its way is lost. */
  reset(host: string): void {
    for (const call of this.#calls) if (call.path.startsWith(`${host} `)) call.breakDown()
  }

  forget(call: Call): void {
    this.#calls.delete(call)
  }
}
