import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js'
import { ShoalError, unreachable, type Logger } from '@shoal/common'
import type { AgentMessage__Output, Assignments, ClusterNews, ManagerMessage, NodeRole } from '@shoal/proto'
import { toGrpcStatus } from '@shoal/proto/status'
import type { NodeDescription } from '@shoal/engine-api'
import type { AssignmentStream } from './assignment-stream.js'
import type { Ending } from './ending.js'
import { addressOfPeer, parseDescription } from './registration.js'
import { parseStatus, type TaskReport } from './statuses.js'
import type { NodeUse } from './node-uses.js'

export type SessionCall = ServerDuplexStream<AgentMessage__Output, ManagerMessage>

/** What an agent is told when its session begins. */
export interface Admission {
  readonly news: ClusterNews
  readonly role?: NodeRole
  readonly assignments: AssignmentStream
}

/** What a session needs of the dispatcher that it belongs to. */
export interface SessionHost {
  /** The node was heard of. */
  beat(nodeId: string): void
  /** What is in use on the node. @throws ShoalError `invalid-argument` */
  measured(nodeId: string, use: NodeUse): void
  /** Writes that the node is ready. @throws ShoalError `permission-denied` when it is not of this cluster */
  register(nodeId: string, description: NodeDescription, address: string): Promise<void>
  describe(nodeId: string, description: NodeDescription): Promise<void>
  markLeft(nodeId: string): Promise<void>
  report(nodeId: string, reports: readonly TaskReport[]): void
  /** All that this session was told up to this number is in force on the node. */
  applied(session: Session, sequence: number): void
  /** Makes this the one session of its node, and ends the earlier one. */
  admit(session: Session): Admission
  /** The session is over. */
  closed(session: Session): void
}

const SIGN_OF_LIFE: ManagerMessage = { heartbeat: {} }

type SessionState =
  | { readonly kind: 'awaiting-hello' }
  | { readonly kind: 'registering' }
  | { readonly kind: 'active'; readonly assignments: AssignmentStream }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ended' }

/** One stream of one agent, from its Hello to its end. Every way out of `active` stops its assignments. */
export class Session {
  readonly nodeId: string
  readonly #call: SessionCall
  readonly #host: SessionHost
  readonly #log: Logger
  #state: SessionState = { kind: 'awaiting-hello' }

  constructor(call: SessionCall, nodeId: string, host: SessionHost, log: Logger) {
    this.nodeId = nodeId
    this.#call = call
    this.#host = host
    this.#log = log
  }

  /** Begins to listen. The headers go out at once: they tell the agent that it has reached a manager. */
  open(): void {
    this.#call.on('data', (message: AgentMessage__Output) => this.#hear(message))
    this.#call.on('end', () => this.end())
    this.#call.on('cancelled', () => this.#leaveState({ kind: 'ended' }))
    this.#call.on('close', () => this.#leaveState({ kind: 'ended' }))
    this.#call.sendMetadata(new Metadata())
  }

  /** The task's assignment has changed. */
  touch(taskId: string): void {
    if (this.#state.kind === 'active') this.#state.assignments.touch(taskId)
  }

  /** A document that the node has, or is to have, has changed. */
  touchDocument(key: string): void {
    if (this.#state.kind === 'active') this.#state.assignments.touchDocument(key)
  }

  /** @param sent called once the connection has taken the message; never, when it is lost before */
  sendAssignments(assignments: Assignments, sent: () => void): void {
    this.#call.write({ assignments }, (error?: Error | null) => {
      if (!error) sent()
    })
  }

  tell(news: ClusterNews): void {
    if (this.#state.kind === 'active') this.#call.write({ news })
  }

  /** What this node is to be from now on. */
  tellRole(role: NodeRole): void {
    if (this.#state.kind === 'active') this.#call.write({ role })
  }

  /** Has the agent call for a relay. @returns false when it cannot be told now */
  wantRelay(id: string): boolean {
    if (this.#state.kind !== 'active') return false
    this.#call.write({ relay: { id } })
    return true
  }

  /** Whether the node has said that it leaves: its going down is then its own wish. */
  get leaving(): boolean {
    return this.#state.kind === 'leaving'
  }

  /** Ends the stream: with OK when no ending is given. */
  end(ending?: Ending): void {
    if (this.#state.kind === 'ended') return
    this.#leaveState({ kind: 'ended' })
    // This is how grpc-js takes the status of a stream.
    if (ending) this.#call.emit('error', ending)
    else this.#call.end()
  }

  #leaveState(next: SessionState): void {
    if (this.#state.kind === 'ended') return
    if (this.#state.kind === 'active') this.#state.assignments.stop()
    this.#state = next
    if (next.kind === 'ended') this.#host.closed(this)
  }

  #hear(message: AgentMessage__Output): void {
    if (this.#state.kind === 'ended') return
    this.#host.beat(this.nodeId)
    this.#guard(() => this.#handle(message))
  }

  /** Runs what a message asks for; an error of it ends the session with its status. */
  #guard(work: () => Promise<void> | undefined): void {
    const fail = (error: unknown): void => {
      this.#log.warn({ err: error }, 'session ended')
      this.end(toGrpcStatus(error))
    }
    try {
      work()?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  #handle(message: AgentMessage__Output): Promise<void> | undefined {
    if (message.hello) return this.#greet(message.hello.descriptionJson, message.hello.advertiseAddress)
    if (this.#state.kind === 'awaiting-hello') {
      throw new ShoalError('failed-precondition', 'the first message of a session is Hello')
    }
    switch (message.body) {
      case 'heartbeat':
        if (message.heartbeat?.use) this.#host.measured(this.nodeId, message.heartbeat.use)
        this.#call.write(SIGN_OF_LIFE)
        return undefined
      case 'applied':
        if (this.#state.kind === 'active') {
          this.#host.applied(this, this.#state.assignments.limit(message.applied?.sequence ?? 0))
        }
        return undefined
      case 'statuses':
        this.#takeReports(message.statuses?.reports ?? [])
        return undefined
      case 'description':
        return this.#host.describe(this.nodeId, parseDescription(message.description?.descriptionJson ?? ''))
      case 'leave':
        return this.#depart()
      case 'hello':
      case undefined:
        throw new ShoalError('invalid-argument', 'a message without content')
      default:
        return unreachable(message.body)
    }
  }

  async #greet(descriptionJson: string, advertiseAddress: string): Promise<void> {
    if (this.#state.kind !== 'awaiting-hello') {
      throw new ShoalError('failed-precondition', 'Hello is said once')
    }
    const description = parseDescription(descriptionJson)
    this.#leaveState({ kind: 'registering' })
    this.#call.pause()
    const address = advertiseAddress === '' ? addressOfPeer(this.#call.getPeer()) : advertiseAddress
    await this.#host.register(this.nodeId, description, address)
    if (!this.#is('registering')) return
    const { news, role, assignments } = this.#host.admit(this)
    this.#leaveState({ kind: 'active', assignments })
    this.#call.write({ welcome: { nodeId: this.nodeId, news } })
    if (role) this.tellRole(role)
    assignments.start()
    this.#call.resume()
    this.#log.info({ address }, 'agent connected')
  }

  #takeReports(reports: readonly { taskId: string; statusJson: string }[]): void {
    const readable: TaskReport[] = []
    for (const { taskId, statusJson } of reports) {
      try {
        readable.push({ taskId, status: parseStatus(statusJson) })
      } catch (error) {
        this.#log.warn({ err: error, taskId }, 'ignored a task status that cannot be read')
      }
    }
    this.#host.report(this.nodeId, readable)
  }

  async #depart(): Promise<void> {
    this.#leaveState({ kind: 'leaving' })
    await this.#host.markLeft(this.nodeId)
    this.end()
  }

  /** The state may have changed during an await. */
  #is(kind: SessionState['kind']): boolean {
    return this.#state.kind === kind
  }
}
