import { EventEmitter } from 'node:events'
import { Metadata, status } from '@grpc/grpc-js'
import { wire, type AgentMessage, type ManagerMessage, type ManagerMessage__Output } from '@shoal/proto'
import type { Caller, Listener, Network } from './network.js'
import type { SimProcess } from './process.js'

/**
 * How long either end takes to find a dead connection by itself, in milliseconds: the agent's as the kernel does, the
 * manager's by its pings. What is said in a session finds it earlier.
 */
const CLIENT_NOTICES_MS = [60_000, 120_000] as const
const SERVER_NOTICES_MS = [60_000, 120_000] as const
/** How much later a message may be told once more, in milliseconds. */
const AGAIN_WITHIN_MS = 5_000

/** How messages are written and read on the way, with every default filled in. */
const WIRE = wire.Dispatcher.service.Session

/** One stream: two ends, and in each direction messages in order. */
export class Call {
  readonly path: string
  readonly client: ClientEnd
  readonly network: Network
  readonly #server: ServerEnd
  readonly #caller: Caller
  readonly #address: string
  #listener: Listener | undefined
  #lastArrival = { up: 0, down: 0 }
  #silences = 0
  #waiting: (() => void)[] = []

  constructor(network: Network, caller: Caller, address: string) {
    const { host, process, nodeId } = caller
    this.network = network
    this.#caller = caller
    this.#address = address
    this.path = `${host} ${address}`
    this.client = new ClientEnd(this, process)
    this.#server = new ServerEnd(this, host, nodeId)
    process.onChange(() => this.#peerChanged(process, 'server'))
    this.#travel('up', () => this.#arrive())
  }

  up(deliver: (server: ServerEnd) => void): void {
    this.#travel('up', () => this.#listener?.process.run(() => deliver(this.#server)))
  }

  down(deliver: (client: ClientEnd) => void): void {
    this.#travel('down', () => this.client.process.run(() => deliver(this.client)))
  }

  get serverProcess(): SimProcess | undefined {
    return this.#listener?.process
  }

  /** Nothing gets through any more: each end notices after its own time, unless it goes on before. */
  silenceBegins(): void {
    const { dice, clock } = this.network.options
    const silence = ++this.#silences
    const unless = (work: () => void) => (): void => {
      if (this.#silences === silence) work()
    }
    clock.setTimer(
      dice.between(...CLIENT_NOTICES_MS),
      unless(() => this.#clientBreaks()),
    )
    clock.setTimer(
      dice.between(...SERVER_NOTICES_MS),
      unless(() => this.#serverBreaks()),
    )
  }

  silenceEnds(): void {
    this.#silences++
    for (const go of this.#waiting.splice(0)) go()
  }

  /** The connection is reset: both ends hear of it soon, and what was under way is lost. */
  breakDown(): void {
    const { dice, clock } = this.network.options
    clock.setTimer(dice.between(0, 20), () => this.#clientBreaks())
    clock.setTimer(dice.between(0, 20), () => this.#serverBreaks())
  }

  #arrive(): void {
    const listener = this.network.listenerAt(this.#address)
    if (!listener) return this.#clientBreaks('connection refused')
    this.#listener = listener
    listener.process.onChange(() => this.#peerChanged(listener.process, 'client'))
    if (listener.process.isPaused) this.silenceBegins()
    listener.process.run(() => {
      if (!this.#server.isOver) listener.accept(this.#server)
    })
  }

  /** A process at one end has stopped, gone on, or died. */
  #peerChanged(process: SimProcess, other: 'client' | 'server'): void {
    if (process.isRunning) this.silenceEnds()
    else if (process.isPaused) this.silenceBegins()
    else {
      const { dice, clock } = this.network.options
      clock.setTimer(dice.between(1, 10), () => {
        if (other === 'client') this.#clientBreaks()
        else this.#serverBreaks()
      })
    }
  }

  #clientBreaks(details = 'connection lost'): void {
    this.client.process.run(() => this.client.fail({ code: status.UNAVAILABLE, details }))
  }

  #serverBreaks(): void {
    const vanish = (): void => this.#server.vanish()
    if (this.#listener) this.#listener.process.run(vanish)
    else vanish()
    this.#forgetIfOver()
  }

  #travel(direction: 'up' | 'down', deliver: () => void): void {
    const { clock, dice } = this.network.options
    const atMs = clock.now() + dice.between(1, 5) + this.network.slowness
    this.#lastArrival[direction] = Math.max(atMs, this.#lastArrival[direction])
    clock.setTimer(this.#lastArrival[direction] - clock.now(), () => this.#deliver(deliver))
  }

  #deliver(deliver: () => void): void {
    if (this.#waiting.length > 0 || this.network.isCut(this.#caller.host, this.#address)) {
      this.#waiting.push(deliver)
    } else deliver()
    this.#forgetIfOver()
  }

  #forgetIfOver(): void {
    if (this.client.isOver && this.#server.isOver) this.network.forget(this)
  }
}

/** The end that gRPC gives a client: a stream to write to, and messages to iterate over. */
export class ClientEnd extends EventEmitter {
  readonly process: SimProcess
  readonly #call: Call
  #received: ManagerMessage__Output[] = []
  #end: { readonly error?: Error } | undefined
  #wake: (() => void) | undefined

  constructor(call: Call, process: SimProcess) {
    super()
    this.#call = call
    this.process = process
  }

  get isOver(): boolean {
    return this.#end !== undefined || this.process.isDead
  }

  write(message: AgentMessage, taken?: () => void): void {
    if (this.isOver) return
    const bytes = WIRE.requestSerialize(message)
    const receive = (server: ServerEnd): void => server.receive(WIRE.requestDeserialize(bytes))
    this.#call.up(receive)
    const { dice, clock } = this.#call.network.options
    if (message.statuses && dice.chance(this.#call.network.duplication)) {
      clock.setTimer(dice.between(1, AGAIN_WITHIN_MS), () => this.#call.up(receive))
    }
    if (taken) clock.setTimer(1, () => this.process.run(() => !this.isOver && taken()))
  }

  cancel(): void {
    if (this.isOver) return
    this.fail({ code: status.CANCELLED, details: 'Cancelled on client' })
    this.#call.up((server) => server.vanish())
  }

  receive(message: ManagerMessage__Output): void {
    if (this.isOver) return
    this.#received.push(message)
    this.#wake?.()
  }

  reached(): void {
    if (!this.isOver) this.emit('metadata', new Metadata())
  }

  finish(): void {
    this.#end ??= {}
    this.#wake?.()
  }

  fail(ending: { readonly code: number; readonly details: string; readonly metadata?: Metadata }): void {
    this.#end ??= { error: Object.assign(new Error(ending.details), { metadata: new Metadata(), ...ending }) }
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ManagerMessage__Output> {
    for (;;) {
      const message = this.#received.shift()
      if (message) yield message
      else if (this.#end?.error) throw this.#end.error
      else if (this.#end) return
      else await this.#woken()
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

/** The end that gRPC gives a server. */
export class ServerEnd extends EventEmitter {
  /** The machine that called. */
  readonly host: string
  /** Whom its certificate speaks for. */
  readonly nodeId: string
  readonly #call: Call
  #isPaused = false
  #held: unknown[] = []
  #over = false

  constructor(call: Call, host: string, nodeId: string) {
    super()
    this.#call = call
    this.host = host
    this.nodeId = nodeId
  }

  get isOver(): boolean {
    return this.#over || this.#call.serverProcess?.isDead === true
  }

  receive(message: unknown): void {
    if (this.#over) return
    if (this.#isPaused) this.#held.push(message)
    else this.emit('data', message)
  }

  sendMetadata(): void {
    this.#call.down((client) => client.reached())
  }

  getPeer(): string {
    return `${this.host}:40000`
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (
      let message = this.#held.shift();
      message !== undefined && !this.#isPaused;
      message = this.#held.shift()
    ) {
      this.receive(message)
    }
  }

  write(message: ManagerMessage, taken?: () => void): void {
    if (this.isOver) return
    const bytes = WIRE.responseSerialize(message)
    this.#call.down((client) => client.receive(WIRE.responseDeserialize(bytes)))
    const process = this.#call.serverProcess
    if (taken) this.#call.network.options.clock.setTimer(1, () => process?.run(() => !this.isOver && taken()))
  }

  end(): void {
    if (this.isOver) return
    this.#over = true
    this.#call.down((client) => client.finish())
  }

  /** gRPC takes the status of a stream as an error event. */
  override emit(event: string, ...args: unknown[]): boolean {
    if (event !== 'error') return super.emit(event, ...args)
    if (this.isOver) return true
    this.#over = true
    const ending = args[0] as { code: number; details: string }
    this.#call.down((client) => client.fail(ending))
    return true
  }

  /** The client is gone. */
  vanish(): void {
    if (this.#over) return
    this.#over = true
    super.emit('cancelled')
    super.emit('close')
  }
}
