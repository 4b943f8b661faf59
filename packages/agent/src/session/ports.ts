import type {
  AssignedTask,
  HostDocument,
  HostDocumentName,
  NodeDescription,
  TaskStatus,
} from '@shoal/engine-api'
import type { ClusterNews__Output, DispatcherClient, NodeRole__Output } from '@shoal/proto'
import type { Clock, Logger, Random } from '@shoal/common'

/** The managers' `host:port` that this host was last given, the primary's first; they survive a restart. */
export interface ManagerList {
  load(): Promise<readonly string[]>
  save(managers: readonly string[]): Promise<void>
}

/** What is known of one task here. */
export interface TaskReport {
  readonly taskId: string
  readonly status: TaskStatus
}

/** What has changed in the assignment set. */
export interface AssignmentChange {
  readonly put: readonly AssignedTask[]
  readonly removedTaskIds: readonly string[]
}

/** Takes what this host is to run: the worker. Calls come one after the other; the next waits for the last. */
export interface AssignmentHandler {
  /** The complete set: a task that it does not name is no longer wanted. */
  replaceAll(tasks: readonly AssignedTask[]): Promise<void> | void
  change(change: AssignmentChange): Promise<void> | void
  /** The present status of every task that is still in the set, ended ones included: told anew to every session. */
  statuses(): Iterable<TaskReport>
}

/**
 * Takes the documents of this host's network. Calls come one after the other; while one is under way, what comes
 * meanwhile is gathered into the next. A call resolves when all that was told up to then is in force: no new
 * connection goes to an endpoint that was taken away. One that rejects has taken note nevertheless; it is not
 * acknowledged, and to try again is the handler's business: the next call that resolves vouches for all before it.
 */
export interface DocumentHandler {
  /** The complete set: what it does not name is gone. */
  replaceAll(documents: readonly HostDocument[]): Promise<void> | void
  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> | void
}

/** Carries out the calls of this host's engine that a manager asks for. */
export interface RelayHandler {
  /** @param client to the manager that asked @param signal ends the relay with the conversation */
  open(client: DispatcherClient, id: string, signal: AbortSignal): void
}

export interface SessionOptions {
  readonly managers: ManagerList
  /** Makes a client for `host:port`. It is closed when the session ends: see SESSION_CHANNEL_OPTIONS. */
  readonly connect: (address: string) => DispatcherClient
  readonly describeHost: () => Promise<NodeDescription>
  /** What is in use on this host, when there is something new to say. */
  readonly measureUse?: () => { readonly cpus: number; readonly memoryBytes: number } | undefined
  readonly onAssignments: AssignmentHandler
  readonly onDocuments: DocumentHandler
  /** Hears what the manager says of the cluster: with every Welcome, and when it changes. */
  readonly onNews?: (news: ClusterNews__Output) => Promise<void> | void
  /** Hears what this node is to be: with every session, and when it changes. */
  readonly onRole?: (role: NodeRole__Output) => void
  /** Without it, relays are not opened: the manager gives up after a while. */
  readonly relays?: RelayHandler
  /** Where others reach this host; without it, where the manager sees it. */
  readonly advertiseAddress?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
