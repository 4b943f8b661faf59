/** An agent's end of a session, driven by hand: each message is taken, and put in force, when the test says so. */
import { EventEmitter } from 'node:events'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Assignments, ManagerMessage } from '@shoal/proto'
import type { Dispatcher } from '../dispatcher.js'

const DESCRIPTION = {
  Hostname: 'host',
  Platform: { Architecture: 'x86_64', OS: 'linux' },
  Resources: { NanoCPUs: 2e9, MemoryBytes: 4e9 },
  Engine: { EngineVersion: '28.0.0' },
}

/** The manager's end of a stream, as gRPC gives it. */
export class FakeCall extends EventEmitter {
  readonly nodeId: string
  readonly #written: (message: ManagerMessage) => void
  readonly #untaken: (() => void)[] = []
  isOver = false

  constructor(nodeId: string, written: (message: ManagerMessage) => void) {
    super()
    this.nodeId = nodeId
    this.#written = written
  }

  write(message: ManagerMessage, taken?: () => void): void {
    if (this.isOver) return
    this.#written(message)
    if (taken) this.#untaken.push(taken)
  }

  /** The connection has taken the oldest message that is under way. */
  take(): void {
    if (!this.isOver) this.#untaken.shift()?.()
  }

  say(message: object): void {
    if (!this.isOver) this.emit('data', { ...message, body: Object.keys(message)[0] })
  }

  hangUp(): void {
    if (this.isOver) return
    this.isOver = true
    this.emit('cancelled')
    this.emit('close')
  }

  override emit(event: string, ...args: unknown[]): boolean {
    if (event !== 'error') return super.emit(event, ...args)
    this.isOver = true
    return true
  }

  end(): void {
    this.isOver = true
  }

  getPeer(): string {
    return '10.9.0.1:40000'
  }

  sendMetadata(): void {}
  pause(): void {}
  resume(): void {}
}

/** What a host knows: in which order the network is put in force, and what it was told of its tasks. */
export class FakeAgent {
  readonly nodeId: string
  /** The documents in force, by their keys. They outlive a session. */
  inForce = new Map<string, string>()
  #call: FakeCall | undefined
  #heard: Assignments[] = []
  readonly #onAssignments: (message: Assignments) => void

  constructor(nodeId: string, onAssignments: (message: Assignments) => void) {
    this.nodeId = nodeId
    this.#onAssignments = onAssignments
  }

  get isConnected(): boolean {
    return this.#call !== undefined && !this.#call.isOver
  }

  connect({ handlers }: Dispatcher): void {
    this.#call?.hangUp()
    this.#heard = []
    const call = new FakeCall(this.nodeId, (message) => this.#hear(call, message))
    this.#call = call
    handlers.Session(call as unknown as ServerDuplexStream<never, ManagerMessage>)
    call.say({ hello: { descriptionJson: JSON.stringify(DESCRIPTION), advertiseAddress: this.nodeId } })
  }

  disconnect(): void {
    this.#call?.hangUp()
  }

  take(): void {
    this.#call?.take()
  }

  /** Puts in force what has come, and says so. */
  apply(): void {
    const last = this.#heard.at(-1)
    if (!last || !this.isConnected || (last.complete && last.more)) return
    if (this.#heard[0]?.complete) this.inForce = new Map()
    for (const message of this.#heard) this.#putInForce(message)
    this.#heard = []
    this.#call?.say({ applied: { sequence: last.sequence } })
  }

  #hear(call: FakeCall, { assignments }: ManagerMessage): void {
    if (!assignments || call !== this.#call) return
    this.#heard.push(assignments)
    this.#onAssignments(assignments)
  }

  #putInForce({ putDocuments = [], removedDocuments = [] }: Assignments): void {
    for (const { kind, id, json } of putDocuments) this.inForce.set(`${kind}/${id}`, json ?? '')
    for (const { kind, id } of removedDocuments) this.inForce.delete(`${kind}/${id}`)
  }
}
