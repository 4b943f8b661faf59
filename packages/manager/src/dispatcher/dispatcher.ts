import { isDeepStrictEqual } from 'node:util'
import { status, type ServerDuplexStream } from '@grpc/grpc-js'
import { ShoalError, type Clock, type Logger } from '@shoal/common'
import type { ClusterNews, DispatcherHandlers, NodeRole } from '@shoal/proto'
import { toGrpcStatus } from '@shoal/proto/status'
import { type NodeEngines, RelayTable } from '../relay/index.js'
import type { Change, ChangeOf, NodeRecord } from '../state/records.js'
import type { State } from '../state/state.js'
import { nodesConcerned } from './assigned-task.js'
import { AssignmentStream, together } from './assignment-stream.js'
import { paceOf } from './cluster-news.js'
import { notPrimary, SUPERSEDED } from './ending.js'
import { NetworkArrivals } from './network-arrivals.js'
import { NetworkFeed } from './network-feed.js'
import { NOT_A_MEMBER, updateNode } from './registration.js'
import { type Admission, Session, type SessionCall, type SessionHost } from './session.js'
import { StatusInbox } from './status-inbox.js'
import { ValueDocuments } from './value-documents.js'
import { NodeUses, type NodeUse } from './node-uses.js'

/** Who calls, as the certificate of the connection says. */
export interface Peer {
  readonly nodeId: string
  readonly role: string
}

export interface DispatcherOptions {
  readonly state: State
  readonly clock: Clock
  readonly log: Logger
  /** Reads the caller off its certificate. @throws ShoalError `unauthenticated`, `permission-denied` */
  readonly authenticate: (call: ServerDuplexStream<unknown, unknown>) => Peer
  /** What agents should know of the cluster, as it stands: see `clusterNews`. */
  readonly news: () => ClusterNews
  /** What a node is to be: told to its agent. Without it agents are not told. */
  readonly roleOf?: (node: NodeRecord) => NodeRole
  /** Hears of every sign of life. */
  readonly beats: { beat(nodeId: string): void }
  /** The primary's `host:port`, to be told to agents that come here while this manager is not the primary. */
  readonly primary?: () => string | undefined
}

export interface Dispatcher {
  /** For `server.addService(wire.Dispatcher.service, …)`. Turns agents away while the dispatcher is not started. */
  readonly handlers: DispatcherHandlers
  /** Serves agents until `signal` aborts: while this manager is the primary. It may be started again. */
  start(signal: AbortSignal): void
  /** What `news` returns may have changed otherwise than by the record of the cluster. */
  newsChanged(): void
  /** What is in use on a node, as its agent measured it of late; undefined when it did not. */
  useOf(nodeId: string): NodeUse | undefined
  /** The nodes whose agents are connected at present. */
  connectedNodes(): ReadonlySet<string>
  /** What the agents that are connected can be asked of their engines. */
  readonly engines: NodeEngines
  /**
   * Waits until the network that `create` makes is on every connected host, for a bounded time: see NetworkArrivals.
   * @returns the network's ID @throws whatever `create` throws
   */
  readonly onceArrived: (create: () => Promise<string>) => Promise<string>
  /**
   * Waits until no host leads anybody to what has left the service's endpoint set so far, for a bounded time: see
   * WithheldStops.
   */
  readonly onceDeparted: (serviceId: string) => Promise<void>
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { authenticate, log, primary } = options
  const uses = new NodeUses(options.clock)
  let running: RunningDispatcher | undefined
  return {
    handlers: {
      Session(call) {
        try {
          const { nodeId } = authenticate(call)
          if (running) running.open(call, nodeId)
          else call.emit('error', notPrimary(primary?.()))
        } catch (error) {
          log.warn({ err: error, peer: call.getPeer() }, 'agent turned away')
          call.emit('error', toGrpcStatus(error))
        }
      },
      Relay(call) {
        try {
          const { nodeId } = authenticate(call)
          if (running) running.relays.accept(call, nodeId)
          else call.emit('error', notPrimary(primary?.()))
        } catch (error) {
          log.warn({ err: error, peer: call.getPeer() }, 'relay turned away')
          call.emit('error', toGrpcStatus(error))
        }
      },
    },
    start(signal) {
      const begun = new RunningDispatcher(options, uses, signal)
      running = begun
      signal.addEventListener(
        'abort',
        () => {
          begun.stop()
          if (running === begun) running = undefined
        },
        { once: true },
      )
    },
    useOf: (nodeId) => uses.of(nodeId),
    newsChanged: () => running?.spreadNews(),
    connectedNodes: () => running?.connectedNodes() ?? new Set(),
    onceArrived: (create) => (running ? running.arrivals.after(create) : create()),
    onceDeparted: async (serviceId) => running?.departed(serviceId),
    engines: {
      open(nodeId, request) {
        if (!running) throw new ShoalError('unavailable', 'this manager is not the primary')
        return running.relays.open(nodeId, request)
      },
    },
  }
}

/** The dispatcher of one term as primary. Invariant: a node has at most one session here. */
class RunningDispatcher implements SessionHost {
  readonly #options: DispatcherOptions
  readonly #uses: NodeUses
  readonly #signal: AbortSignal
  readonly #inbox: StatusInbox
  readonly #network: NetworkFeed
  readonly #values: ValueDocuments
  readonly #open = new Set<Session>()
  readonly #sessions = new Map<string, Session>()
  readonly #unsubscribe: () => void
  readonly relays: RelayTable
  readonly arrivals: NetworkArrivals
  #news: ClusterNews

  constructor(options: DispatcherOptions, uses: NodeUses, signal: AbortSignal) {
    this.#uses = uses
    this.#options = options
    this.#signal = signal
    this.#inbox = new StatusInbox(options)
    this.arrivals = new NetworkArrivals(options.clock, () => this.#sessions.keys())
    this.#network = new NetworkFeed({
      ...options,
      arrivals: this.arrivals,
      touchDocument: (nodeId, key) => this.#touchDocument(nodeId, key),
      touchTask: ({ ID, NodeID = '' }) => this.#sessions.get(NodeID)?.touch(ID),
    })
    this.#values = new ValueDocuments(options.state)
    this.relays = new RelayTable({
      clock: options.clock,
      want: (nodeId, id) => this.#sessions.get(nodeId)?.wantRelay(id) ?? false,
      nameOf: (nodeId) => this.#nameOf(nodeId),
    })
    this.#news = options.news()
    this.#unsubscribe = options.state.subscribe((changes) => this.#hear(changes))
  }

  stop(): void {
    this.#unsubscribe()
    this.#network.stop()
    this.relays.endAll('this manager is not the primary any more')
    const ending = notPrimary(this.#options.primary?.())
    for (const session of this.#open) session.end(ending)
  }

  open(call: SessionCall, nodeId: string): void {
    const session = new Session(call, nodeId, this, this.#options.log.child({ nodeId }))
    this.#open.add(session)
    session.open()
  }

  departed(serviceId: string): Promise<void> {
    return this.#network.departed(serviceId)
  }

  connectedNodes(): ReadonlySet<string> {
    return new Set(this.#sessions.keys())
  }

  spreadNews(): void {
    const news = this.#options.news()
    if (isDeepStrictEqual(news, this.#news)) return
    this.#news = news
    for (const session of this.#sessions.values()) session.tell(news)
  }

  beat(nodeId: string): void {
    this.#options.beats.beat(nodeId)
  }

  measured(nodeId: string, use: NodeUse): void {
    this.#uses.note(nodeId, use)
  }

  register: SessionHost['register'] = async (nodeId, description, address) => {
    // What an agent is told next must not be older than what another primary has told it before it came here.
    await this.#options.state.confirmLead()
    const Status = { State: 'ready', Addr: address } as const
    await this.#updateNode(nodeId, () => ({ Description: description, Status }))
  }

  describe: SessionHost['describe'] = async (nodeId, description) => {
    await this.#updateNode(nodeId, () => ({ Description: description }))
  }

  markLeft: SessionHost['markLeft'] = async (nodeId) => {
    await this.#updateNode(nodeId, ({ Status }) => ({
      Status: { State: 'down', Message: 'node left', Addr: Status.Addr },
    }))
  }

  report: SessionHost['report'] = (nodeId, reports) => this.#inbox.accept(nodeId, reports, this.#signal)

  applied(session: Session, sequence: number): void {
    const { nodeId } = session
    if (this.#sessions.get(nodeId) === session) this.#network.applied(nodeId, sequence)
  }

  admit(session: Session): Admission {
    const { state, clock, log, roleOf } = this.#options
    const { nodeId } = session
    const node = state.get('node', nodeId)
    if (!node) throw new ShoalError('permission-denied', NOT_A_MEMBER)
    if (node.Status.State !== 'ready') throw new ShoalError('unavailable', 'node is not ready: connect again')
    const earlier = this.#sessions.get(nodeId)
    this.#sessions.set(nodeId, session)
    earlier?.end(SUPERSEDED)
    if (earlier) this.relays.endNode(nodeId)
    this.#network.sessionBegins(nodeId)
    const assignments = new AssignmentStream({
      view: state,
      nodeId,
      documents: together(this.#network.documents, this.#values),
      stops: this.#network,
      clock,
      log: log.child({ nodeId }),
      send: (message, sent) => session.sendAssignments(message, sent),
    })
    return { news: this.#news, ...(roleOf && { role: roleOf(node) }), assignments }
  }

  closed(session: Session): void {
    this.#open.delete(session)
    if (this.#sessions.get(session.nodeId) !== session) return
    this.#sessions.delete(session.nodeId)
    this.arrivals.gone(session.nodeId)
    this.relays.endNode(session.nodeId)
  }

  #nameOf(nodeId: string): string {
    return this.#options.state.get('node', nodeId)?.Description.Hostname ?? nodeId
  }

  #updateNode(nodeId: string, change: Parameters<typeof updateNode>[3]): Promise<void> {
    return updateNode(this.#options.state, this.#options.clock, nodeId, change)
  }

  #hear(changes: readonly Change[]): void {
    this.#network.follow(changes)
    this.#values.follow(changes, (nodeId, key) => this.#touchDocument(nodeId, key))
    for (const change of changes) {
      if (change.kind === 'task') {
        const taskId = (change.after ?? change.before)?.ID
        if (taskId === undefined) continue
        for (const nodeId of nodesConcerned(change)) this.#sessions.get(nodeId)?.touch(taskId)
      } else if (change.kind === 'node') {
        this.#hearOfNode(change)
      } else if (change.kind === 'cluster') {
        this.spreadNews()
      }
    }
  }

  #touchDocument(nodeId: string, key: string): void {
    this.#sessions.get(nodeId)?.touchDocument(key)
  }

  /** There are more nodes, or fewer: most often that is no news. */
  #hearOfNumber(): void {
    const pace = paceOf(this.#options.state)
    const { heartbeatPeriodMs, pulseMs, reconnectWithinMs } = this.#news
    if (!isDeepStrictEqual(pace, { heartbeatPeriodMs, pulseMs, reconnectWithinMs })) this.spreadNews()
  }

  /** A node that was removed, or given up for dead, has to come anew (or learns that it may not). */
  #hearOfNode({ before, after }: ChangeOf<'node'>): void {
    if (!before || !after) this.#hearOfNumber()
    const session = this.#sessions.get((after ?? before)?.ID ?? '')
    if (!session || session.leaving) return
    if (!after) session.end({ code: status.PERMISSION_DENIED, details: NOT_A_MEMBER })
    else if (after.Status.State === 'down' && before?.Status.State !== 'down') {
      session.end({ code: status.UNAVAILABLE, details: `node is down: ${after.Status.Message ?? ''}` })
    } else if (before?.Spec.Role !== after.Spec.Role) {
      const role = this.#options.roleOf?.(after)
      if (role) session.tellRole(role)
    }
  }
}
