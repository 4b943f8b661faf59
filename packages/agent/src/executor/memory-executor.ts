import { isDeepStrictEqual } from 'node:util'
import { ShoalError } from '@shoal/common'
import type { AssignedTask, PortConfig } from '@shoal/engine-api'
import { containerConfig } from './container-config.js'
import { taskName } from './naming.js'
import type {
  ContainerHealth,
  ContainerState,
  EngineInfo,
  EngineNetwork,
  Executor,
  ExecutorEvent,
  NetworkEngine,
  NodeFacts,
  OwnContainer,
  TaskNetworking,
} from './port.js'
import { hostModePorts } from './published-ports.js'

interface MemoryContainer {
  readonly name: string
  readonly task: AssignedTask
  /** The engine's names of its networks. */
  readonly networks: readonly string[]
  state: ContainerState
}

/** The first port that this engine gives out by itself, as Docker does for a published port 0. */
const FIRST_FREE_PORT = 32_768

/**
 * A container engine in memory: refuses what Docker refuses, in the same words. Containers run until `exit` is
 * called, or end at once when their last argument is `exit <code>`. It can be switched off and on like a daemon.
 */
export class MemoryExecutor implements Executor, NetworkEngine {
  /** The images that are here. Those in `registry` can be pulled. */
  readonly images = new Set<string>()
  readonly registry = new Set<string>()
  /** Directories of the host that can be mounted. */
  readonly directories = new Set<string>()
  /** Every call that reached the engine, in order: `start web.1.x`. */
  readonly calls: string[] = []
  readonly #containers = new Map<string, MemoryContainer>()
  readonly #networks = new Map<string, EngineNetwork>()
  readonly #listeners = new Set<(event: ExecutorEvent) => void>()
  readonly #node: NodeFacts
  #reachable = true
  #counter = 0

  constructor(node: NodeFacts) {
    this.#node = node
  }

  prepare(task: AssignedTask, signal: AbortSignal, networking?: TaskNetworking): Promise<ContainerState> {
    return this.#call('prepare', taskName(task), () => {
      signal.throwIfAborted()
      const existing = this.#find(taskName(task))
      if (existing) return existing.state
      const config = containerConfig(task, this.#node, { networking })
      const image = config.Image ?? ''
      if (!this.images.has(image) && !this.registry.has(image))
        throw new ShoalError('not-found', `No such image: ${image}`)
      this.images.add(image)
      this.#checkMounts(task)
      const state = this.#created()
      const networks = (networking?.attachments ?? []).map(({ network }) => network)
      this.#containers.set(state.id, { name: taskName(task), task, networks, state })
      return state
    })
  }

  #created(): ContainerState {
    const id = (++this.#counter).toString(16).padStart(64, '0')
    return { id, phase: 'created', pid: 0, exitCode: 0, health: 'none', ports: [] }
  }

  #checkMounts(task: AssignedTask): void {
    for (const mount of task.Spec.ContainerSpec?.Mounts ?? []) {
      if (mount.Type !== 'bind' || this.directories.has(mount.Source ?? '')) continue
      const why = `invalid mount config for type "bind": bind source path does not exist: ${mount.Source}`
      throw new ShoalError('invalid-argument', why)
    }
  }

  start(container: string): Promise<void> {
    return this.#call('start', container, () => {
      const found = this.#find(container)
      if (!found) throw new ShoalError('not-found', `No such container: ${container}`)
      if (found.state.phase === 'running') return
      const unknown = found.networks.find((name) => !this.#networks.has(name))
      if (unknown !== undefined) throw new ShoalError('not-found', `network ${unknown} not found`)
      const { Args = [], Healthcheck } = found.task.Spec.ContainerSpec ?? {}
      const health: ContainerHealth =
        Healthcheck?.Test?.length && Healthcheck.Test[0] !== 'NONE' ? 'starting' : 'none'
      found.state = {
        ...found.state,
        phase: 'running',
        pid: 1000 + ++this.#counter,
        health,
        ports: this.#publish(found),
      }
      const exitCode = /^exit (\d+)$/u.exec(Args.at(-1) ?? '')?.[1]
      if (exitCode !== undefined) this.#end(found, Number(exitCode))
    })
  }

  #publish(container: MemoryContainer): PortConfig[] {
    const taken = new Set(
      [...this.#containers.values()].flatMap((other) => other.state.ports.map((port) => port.PublishedPort)),
    )
    return hostModePorts(container.task).map((port) => {
      let hostPort = port.PublishedPort || FIRST_FREE_PORT
      while (!port.PublishedPort && taken.has(hostPort)) hostPort++
      if (taken.has(hostPort)) throw new ShoalError('internal', this.#portTaken(container, hostPort))
      taken.add(hostPort)
      return {
        Protocol: port.Protocol || 'tcp',
        TargetPort: port.TargetPort ?? 0,
        PublishedPort: hostPort,
        PublishMode: 'host',
      }
    })
  }

  #portTaken(container: MemoryContainer, port: number): string {
    const where = `driver failed programming external connectivity on endpoint ${container.name} (${container.state.id})`
    return `${where}: Bind for 0.0.0.0:${port} failed: port is already allocated`
  }

  stop(container: string): Promise<void> {
    return this.#call('stop', container, () => {
      const found = this.#find(container)
      if (found?.state.phase === 'running') this.#end(found, 137)
    })
  }

  remove(container: string): Promise<void> {
    return this.#call('remove', container, () => {
      const found = this.#find(container)
      if (!found) return
      this.#containers.delete(found.state.id)
      this.#tell({ kind: 'container', taskId: found.task.ID })
    })
  }

  inspect(container: string): Promise<ContainerState | undefined> {
    return this.#call('inspect', container, () => this.#find(container)?.state)
  }

  list(): Promise<OwnContainer[]> {
    return this.#call('list', '', () => [...this.#containers.values()].map(toOwnContainer))
  }

  watch(listener: (event: ExecutorEvent) => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
    queueMicrotask(() => {
      if (this.#reachable) listener({ kind: 'resync' })
    })
  }

  info(): Promise<EngineInfo> {
    const { hostname, architecture, os } = this.#node
    return this.#call('info', '', () => ({
      hostname,
      architecture,
      os,
      cpus: 2,
      memoryBytes: 2 ** 31,
      engineVersion: '20.10.24',
      labels: {},
      plugins: [{ Type: 'Volume', Name: 'local' }],
    }))
  }

  ensureNetwork(network: EngineNetwork): Promise<void> {
    return this.#call('ensure-network', network.name, () => {
      if (this.#networks.has(network.name) && !isDeepStrictEqual(this.#networks.get(network.name), network))
        this.#checkUnused(network.name)
      this.#networks.set(network.name, network)
    })
  }

  removeNetwork(name: string): Promise<void> {
    return this.#call('remove-network', name, () => {
      this.#checkUnused(name)
      this.#networks.delete(name)
    })
  }

  listNetworks(): Promise<EngineNetwork[]> {
    return this.#call('list-networks', '', () => [...this.#networks.values()])
  }

  #checkUnused(name: string): void {
    const users = [...this.#containers.values()].filter(
      ({ networks, state }) => state.phase === 'running' && networks.includes(name),
    )
    if (users.length > 0)
      throw new ShoalError(
        'failed-precondition',
        `error while removing network: network ${name} has active endpoints`,
      )
  }

  /** The container of a task ends by itself. */
  exit(taskId: string, exitCode: number): void {
    this.#end(this.#ofTask(taskId), exitCode)
  }

  /** The health check of a task's container says something new. */
  setHealth(taskId: string, health: ContainerHealth): void {
    const found = this.#ofTask(taskId)
    found.state = { ...found.state, health }
    this.#tell({ kind: 'container', taskId })
  }

  /** The daemon goes away: every call fails, no event arrives. Containers live on, unless `ends` says so. */
  switchOff(ends?: { readonly exitCode: number }): void {
    this.#reachable = false
    if (!ends) return
    for (const container of this.#containers.values())
      if (container.state.phase === 'running') this.#end(container, ends.exitCode)
  }

  /** The daemon is back, but nobody is told: as if events had been lost. */
  switchOnSilently(): void {
    this.#reachable = true
  }

  switchOn(): void {
    this.#reachable = true
    this.#tell({ kind: 'resync' })
  }

  #ofTask(taskId: string): MemoryContainer {
    for (const container of this.#containers.values()) if (container.task.ID === taskId) return container
    throw new ShoalError('not-found', `No such container: ${taskId}`)
  }

  #find(container: string): MemoryContainer | undefined {
    return (
      this.#containers.get(container) ?? [...this.#containers.values()].find(({ name }) => name === container)
    )
  }

  #end(container: MemoryContainer, exitCode: number): void {
    container.state = { ...container.state, phase: 'ended', pid: 0, exitCode, ports: [] }
    this.#tell({ kind: 'container', taskId: container.task.ID })
  }

  #tell(event: ExecutorEvent): void {
    if (this.#reachable) for (const listener of this.#listeners) listener(event)
  }

  /** Answers in a later turn, as a daemon does. */
  async #call<T>(name: string, container: string, work: () => T): Promise<T> {
    await Promise.resolve()
    if (!this.#reachable) throw new ShoalError('unavailable', 'connect ECONNREFUSED /var/run/docker.sock')
    this.calls.push(`${name} ${container}`.trim())
    return work()
  }
}

function toOwnContainer({ name, task, state }: MemoryContainer): OwnContainer {
  const { id, phase, health } = state
  return {
    id,
    taskId: task.ID,
    serviceId: task.ServiceID,
    taskName: name,
    phase,
    health,
    createdAtSeconds: parseInt(id, 16),
  }
}
