import type { AssignedTask, PortConfig } from '@shoal/engine-api'

export type ContainerPhase = 'created' | 'running' | 'ended'

/** `none`: the container has no health check. */
export type ContainerHealth = 'none' | 'starting' | 'healthy' | 'unhealthy'

/** One container as the engine sees it. */
export interface ContainerState {
  readonly id: string
  readonly phase: ContainerPhase
  /** 0 unless it runs. */
  readonly pid: number
  /** Meaningful when it has ended. */
  readonly exitCode: number
  readonly health: ContainerHealth
  /** Host-mode ports with the port of the host that each one really got. */
  readonly ports: readonly PortConfig[]
}

/** A container of this node, as a listing shows it. */
export interface OwnContainer {
  readonly id: string
  readonly taskId: string
  readonly serviceId: string
  /** `<service>.<slot>.<task>`, or with the node's ID for the slot of a global service. */
  readonly taskName: string
  readonly phase: ContainerPhase
  readonly health: ContainerHealth
  /** Seconds since the epoch. */
  readonly createdAtSeconds: number
}

/**
 * Something may have changed; what it is, an inspection tells. `resync`: events may have been missed (the
 * engine was away, or the stream has only just begun), so everything is to be looked at again.
 */
export type ExecutorEvent =
  | { readonly kind: 'container'; readonly taskId: string }
  | { readonly kind: 'resync' }

/** A network of the engine's own that stands for one of the cluster's on this host: a bridge of a fixed name. */
export interface EngineNetwork {
  readonly name: string
  /** The ID that the cluster knows it by. */
  readonly networkId: string
  readonly bridge: string
  /** CIDR. */
  readonly subnet: string
  /** The bridge's own address. */
  readonly gateway: string
  /** CIDR: where the engine takes the addresses from that it chooses itself; anywhere in the subnet when absent. */
  readonly ipRange?: string
  /** Bytes. */
  readonly mtu: number
  /** Without a way out. */
  readonly internal: boolean
}

/** What a task's container needs to know of its networks. */
export interface TaskNetworking {
  /** In the order of the engine's names, so that the first one has the default route. */
  readonly attachments: readonly {
    /** The engine's name of the network. */
    readonly network: string
    readonly address: string
    readonly mac: string
  }[]
  /** The name server that knows the cluster's names; undefined when the container's networks have none. */
  readonly nameServer: string | undefined
}

/** What the engine says of the host and of itself. */
export interface EngineInfo {
  readonly hostname: string
  readonly architecture: string
  readonly os: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly engineVersion: string
  readonly labels: Readonly<Record<string, string>>
  /** Built-in and installed plugins, by Docker's types: `Volume`, `Network`, `Log`, `Authorization`. */
  readonly plugins: readonly { readonly Type: string; readonly Name: string }[]
}

/**
 * Runs containers. A container is named by its task (see naming.ts) or by its ID.
 * Every call may be made again after a crash at any moment: what is already so stays so.
 * Errors are ShoalErrors: `unavailable` when the engine cannot be reached (try again later), `not-found` when
 * there is no such container or image, and otherwise what the engine refused, in its own words.
 */
export interface Executor {
  /**
   * Makes sure that the task's container exists, pulling its image if that is missing.
   * @param signal ends the wait for a pull, not a creation that is under way
   * @param networking of a task that is on networks of the cluster; the engine must have them
   */
  prepare(task: AssignedTask, signal: AbortSignal, networking?: TaskNetworking): Promise<ContainerState>
  start(container: string): Promise<void>
  /** Sends the stop signal, waits for the grace period that the container was created with, then kills. */
  stop(container: string): Promise<void>
  /** Removes it with its anonymous volumes, killing it first if it runs. */
  remove(container: string): Promise<void>
  /** @returns undefined when there is no such container */
  inspect(container: string): Promise<ContainerState | undefined>
  /** Every container of this node, whoever asked for it and whether it runs or not. */
  list(): Promise<OwnContainer[]>
  /** Tells of containers that end, vanish or change their health, until `signal` aborts. Reconnects by itself. */
  watch(listener: (event: ExecutorEvent) => void, signal: AbortSignal): void
  info(): Promise<EngineInfo>
}

/** A file of this host that is to appear in a container, for reading only. */
export interface FileMount {
  readonly source: string
  readonly target: string
}

/** Lays out the secrets and configs of a task as files of this host. */
export interface FileSource {
  /** Waits for them and lays them out. @throws ShoalError when that cannot be; the reason of `signal` */
  prepare(task: AssignedTask, signal: AbortSignal): Promise<FileMount[]>
  /** The task's container is gone. */
  release(taskId: string): Promise<void>
  /** Only the tasks with these IDs have containers: what was laid out for others that are not being prepared goes. */
  retain(taskIds: ReadonlySet<string>): Promise<void>
}

/** What a container is created with beside its task. */
export interface Surroundings {
  /** The task's secrets and configs, as they are laid out on this host. */
  readonly files?: readonly FileMount[]
  /** Of a task that is on networks of the cluster. */
  readonly networking?: TaskNetworking | undefined
}

/** The engine's own networks that stand for the cluster's on this host. Errors and repetitions as for an Executor. */
export interface NetworkEngine {
  /**
   * Makes sure that the engine has the network just so. One of the same name with other settings is made anew, if no
   * container is on it.
   * @throws ShoalError failed-precondition when there is, or what the engine refuses
   */
  ensureNetwork(network: EngineNetwork): Promise<void>
  /** @throws ShoalError failed-precondition while a running container is on it */
  removeNetwork(name: string): Promise<void>
  /** The networks that were made for this node. */
  listNetworks(): Promise<EngineNetwork[]>
}

/** What a container's configuration needs to know of the node that it runs on. */
export interface NodeFacts {
  readonly nodeId: string
  readonly clusterId: string
  readonly hostname: string
  readonly architecture: string
  readonly os: string
}
