import type {
  ClusterInfo,
  Config,
  Network,
  NetworkCreate,
  Node,
  NodeSpec,
  PlacementExplanation,
  Secret,
  Service,
  ServiceSpec,
  Swarm,
  SwarmSpec,
  Task,
} from '@shoal/engine-api'
import { ContainerClient } from './containers.js'
import type { Endpoint } from './endpoint.js'
import { filterParameter, type Filters } from './filters.js'
import { type Frame, FrameReader, LineReader } from './frames.js'
import { cliRegistryHeader } from './registry-auth.js'
import { type Call, callerFor, type Upgrade, upgraderFor } from './transport.js'

/** What `GET /info` says, as far as ctl looks at it; the rest is shown as it comes. */
export interface Info {
  Swarm?: {
    NodeID?: string
    NodeAddr?: string
    LocalNodeState?: string
    ControlAvailable?: boolean
    Error?: string
    RemoteManagers?: { NodeID: string; Addr: string }[] | null
    Nodes?: number
    Managers?: number
    Cluster?: ClusterInfo
  }
  Warnings?: string[] | null
  [field: string]: unknown
}

export interface Version {
  Version: string
  ApiVersion: string
  MinAPIVersion?: string
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[]
  [field: string]: unknown
}

/** What is kept as a file for tasks: the two kinds have the same calls. */
export type StoredFileKind = 'secret' | 'config'

export interface ClusterEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly timeNano: number
}

/** Instants are Unix seconds. */
export interface EventQuery {
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly filters?: Filters
}

export interface LogQuery {
  readonly details: boolean
  readonly follow: boolean
  readonly timestamps: boolean
  /** `all`, or how many lines of each task. */
  readonly tail: string
  /** Unix seconds. */
  readonly since?: string
}

export interface Named {
  ID: string
  Spec: { Name: string }
}

/** The answer to a service create or update. */
export interface Acknowledged {
  ID?: string
  Warnings?: string[] | null
}

/** Where the manager that was asked keeps the cluster. */
export interface StoreInfo {
  Kind: 'embedded' | 'etcd'
  Endpoints: string[]
  /** When that manager began to serve: another instant tells that it was started again. */
  Since: string
  /** Folders of embedded stores that were set aside, newest last. */
  Kept: string[]
  MoveFailure?: string
}

/** How managers reach etcd; PEM texts. */
export interface EtcdAccess {
  endpoints: string[]
  ca?: string
  certificate?: string
  key?: string
}

export interface ServiceUpdateOptions {
  rollback?: boolean
  registryAuth?: string
}

const at = (id: string): string => encodeURIComponent(id)

/** The calls of the Engine API that ctl makes. Every method throws what its `Call` throws. */
export class ManagerClient {
  readonly containers: ContainerClient
  readonly #call: Call

  constructor(call: Call, upgrade: Upgrade) {
    this.#call = call
    this.containers = new ContainerClient(call, upgrade)
  }

  static at(endpoint: Endpoint): ManagerClient {
    return new ManagerClient(callerFor(endpoint), upgraderFor(endpoint))
  }

  async #get<Document>(path: string, query?: Record<string, string | undefined>): Promise<Document> {
    return (await this.#call('GET', path, query === undefined ? {} : { query })) as Document
  }

  ping(): Promise<unknown> {
    return this.#get('/_ping')
  }

  info(): Promise<Info> {
    return this.#get('/info')
  }

  version(): Promise<Version> {
    return this.#get('/version')
  }

  services(filters?: Filters, withStatus = false): Promise<Service[]> {
    return this.#get('/services', {
      filters: filterParameter(filters),
      status: withStatus ? 'true' : undefined,
    })
  }

  service(ref: string, insertDefaults = false): Promise<Service> {
    return this.#get(`/services/${at(ref)}`, { insertDefaults: String(insertDefaults) })
  }

  async createService(spec: ServiceSpec, registryAuth?: string): Promise<Acknowledged & { ID: string }> {
    const headers = cliRegistryHeader(registryAuth)
    return (await this.#call('POST', '/services/create', { body: spec, headers })) as Acknowledged & {
      ID: string
    }
  }

  async updateService(
    service: Service,
    spec: ServiceSpec,
    options: ServiceUpdateOptions = {},
  ): Promise<Acknowledged> {
    const query = {
      version: String(service.Version.Index),
      registryAuthFrom: options.registryAuth === undefined ? 'spec' : undefined,
      rollback: options.rollback ? 'previous' : undefined,
    }
    const headers = cliRegistryHeader(options.registryAuth)
    const answer = await this.#call('POST', `/services/${at(service.ID)}/update`, {
      query,
      body: spec,
      headers,
    })
    return answer ?? {}
  }

  async removeService(ref: string): Promise<void> {
    await this.#call('DELETE', `/services/${at(ref)}`)
  }

  tasks(filters?: Filters): Promise<Task[]> {
    return this.#get('/tasks', { filters: filterParameter(filters) })
  }

  nodes(filters?: Filters): Promise<Node[]> {
    return this.#get('/nodes', { filters: filterParameter(filters) })
  }

  node(ref: string): Promise<Node> {
    return this.#get(`/nodes/${at(ref)}`)
  }

  async updateNode(node: Node, spec: NodeSpec): Promise<void> {
    const query = { version: String(node.Version.Index) }
    await this.#call('POST', `/nodes/${at(node.ID)}/update`, { query, body: spec })
  }

  async removeNode(ref: string, force: boolean): Promise<void> {
    await this.#call('DELETE', `/nodes/${at(ref)}`, { query: { force: force ? '1' : undefined } })
  }

  swarm(): Promise<Swarm> {
    return this.#get('/swarm')
  }

  async updateSwarm(
    swarm: Swarm,
    spec: SwarmSpec,
    rotate: { worker?: boolean; manager?: boolean },
  ): Promise<void> {
    const query = {
      version: String(swarm.Version.Index),
      rotateWorkerToken: String(rotate.worker ?? false),
      rotateManagerToken: String(rotate.manager ?? false),
      rotateManagerUnlockKey: 'false',
    }
    await this.#call('POST', '/swarm/update', { query, body: spec })
  }

  store(): Promise<StoreInfo> {
    return this.#get('/shoal/store')
  }

  /** The text of a backup; whether it is whole is for the caller to see. */
  async backup(): Promise<string> {
    return String(await this.#call('GET', '/shoal/backup', { asText: true }))
  }

  /** Begins the move of the cluster to etcd; the manager stops serving for a moment. */
  async moveToEtcd(access: EtcdAccess): Promise<void> {
    await this.#call('POST', '/shoal/move', { body: access })
  }

  /** Has the tasks of a service spread anew; one that is under way goes on. */
  async rebalance(ref: string): Promise<RebalanceAnswer> {
    return (await this.#call('POST', `/shoal/services/${at(ref)}/rebalance`)) as RebalanceAnswer
  }

  /** How far it is, or how the latest one ended. */
  rebalanceProgress(ref: string): Promise<RebalanceAnswer> {
    return this.#get(`/shoal/services/${at(ref)}/rebalance`)
  }

  /** What each node says to the tasks of a service, or to one task. */
  explanation(of: 'services' | 'tasks', ref: string): Promise<PlacementExplanation> {
    return this.#get(`/shoal/${of}/${at(ref)}/explanation`)
  }

  /** The network of the whole cluster with this name or ID. */
  async network(ref: string): Promise<{ Id: string; Name: string }> {
    return this.#get(`/networks/${at(ref)}`, { scope: 'swarm' })
  }

  networks(filters?: Filters): Promise<Network[]> {
    return this.#get('/networks', { filters: filterParameter(filters) })
  }

  inspectNetwork(ref: string, verbose: boolean): Promise<Network> {
    return this.#get(`/networks/${at(ref)}`, { verbose: verbose ? 'true' : undefined })
  }

  async createNetwork(network: NetworkCreate): Promise<{ Id: string; Warning?: string }> {
    return (await this.#call('POST', '/networks/create', { body: network })) as {
      Id: string
      Warning?: string
    }
  }

  async removeNetwork(ref: string): Promise<void> {
    await this.#call('DELETE', `/networks/${at(ref)}`)
  }

  /** @returns the names of those that were removed */
  async pruneNetworks(filters: Filters): Promise<string[]> {
    const query = { filters: filterParameter(filters) }
    const answer = (await this.#call('POST', '/networks/prune', { query })) as {
      NetworksDeleted: string[] | null
    }
    return answer.NetworksDeleted ?? []
  }

  async createStoredFile(kind: StoredFileKind, spec: object): Promise<string> {
    const { ID } = (await this.#call('POST', `/${kind}s/create`, { body: spec })) as { ID: string }
    return ID
  }

  storedFiles(kind: StoredFileKind, filters?: Filters): Promise<(Secret | Config)[]> {
    return this.#get(`/${kind}s`, { filters: filterParameter(filters) })
  }

  storedFile(kind: StoredFileKind, ref: string): Promise<Secret | Config> {
    return this.#get(`/${kind}s/${at(ref)}`)
  }

  /** Only labels can be changed. */
  async updateStoredFile(
    kind: StoredFileKind,
    file: Secret | Config,
    labels: Record<string, string>,
  ): Promise<void> {
    const query = { version: String(file.Version.Index) }
    const body = { ...file.Spec, Labels: labels }
    await this.#call('POST', `/${kind}s/${at(file.ID)}/update`, { query, body })
  }

  async removeStoredFile(kind: StoredFileKind, ref: string): Promise<void> {
    await this.#call('DELETE', `/${kind}s/${at(ref)}`)
  }

  async events(
    query: EventQuery,
    onEvent: (event: ClusterEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const lines = new LineReader()
    const onChunk = (chunk: Buffer): void => {
      for (const line of lines.push(chunk)) onEvent(JSON.parse(line) as ClusterEvent)
    }
    const { since, until, filters } = query
    const parameters = { since, until, filters: filterParameter(filters) }
    await this.#call('GET', '/events', { query: parameters, onChunk, signal })
  }

  /** @param onFrame is called with each line, in their order */
  async logs(
    of: 'services' | 'tasks',
    ref: string,
    { since, tail, ...switches }: LogQuery,
    onFrame: (frame: Frame) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const frames = new FrameReader()
    const onChunk = (chunk: Buffer): void => frames.push(chunk).forEach(onFrame)
    const on = (value: boolean): string | undefined => (value ? '1' : undefined)
    const query = {
      stdout: '1',
      stderr: '1',
      details: on(switches.details),
      follow: on(switches.follow),
      timestamps: on(switches.timestamps),
      since,
      tail,
    }
    await this.#call('GET', `/${of}/${at(ref)}/logs`, { query, onChunk, signal })
  }

  task(ref: string): Promise<Task> {
    return this.#get(`/tasks/${at(ref)}`)
  }

  secrets(names: readonly string[]): Promise<Named[]> {
    return this.#get('/secrets', { filters: filterParameter({ name: names }) })
  }

  configs(names: readonly string[]): Promise<Named[]> {
    return this.#get('/configs', { filters: filterParameter({ name: names }) })
  }

  /** What the registry says of an image: its digest and platforms. */
  async distribution(image: string, registryAuth?: string): Promise<Distribution> {
    const headers = cliRegistryHeader(registryAuth)
    return (await this.#call('GET', `/distribution/${image}/json`, { headers })) as Distribution
  }
}

/** How a rebalance stands. */
export interface RebalanceAnswer {
  readonly State: 'none' | 'moving' | 'done'
  readonly Moving: number
  readonly Moved: number
  readonly Failure?: string
}

export interface Distribution {
  Descriptor?: { digest?: string }
  Platforms?: { architecture?: string; os?: string }[]
}
