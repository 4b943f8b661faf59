import { Agent } from 'node:http'
import { inspect } from 'node:util'
import { ShoalError, type Clock, type Logger, type Random } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import type Docker from 'dockerode'
import { containerConfig } from './container-config.js'
import { toContainerState, toEngineInfo, toOwnContainer, type InfoDocument } from './docker-documents.js'
import { answer, unless } from './docker-errors.js'
import { followEvents } from './docker-events.js'
import { Gate } from './gate.js'
import { DockerNetworks } from './engine-networks.js'
import { ImagePuller } from './image-puller.js'
import { NODE_ID_LABEL, taskIdOfName, taskName } from './naming.js'
import type {
  ContainerState,
  EngineInfo,
  EngineNetwork,
  Executor,
  ExecutorEvent,
  FileMount,
  FileSource,
  NetworkEngine,
  NodeFacts,
  OwnContainer,
  Surroundings,
  TaskNetworking,
} from './port.js'
import { killStrayProcesses, meansStrayProcess } from './stray-process.js'

export const DEFAULT_DOCKER = { socketPath: '/var/run/docker.sock', parallelism: 8 } as const

export interface DockerOptions {
  /** The engine's Unix socket. */
  readonly socketPath: string
  /** How many creations and starts the engine is given at the same time; beyond a few it only gets slower. */
  readonly parallelism: number
  readonly node: NodeFacts
  /** Where tasks' secrets and configs come from; without it tasks that want any are refused. */
  readonly files?: FileSource
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Loads dockerode, which takes a tenth of a second and much memory, and nothing else: no call is made yet. */
export async function connectDocker(options: DockerOptions): Promise<Executor & NetworkEngine> {
  const docker = await openDocker(options.socketPath)
  return new DockerExecutor(docker, options)
}

/**
 * What the engine says of the host, before there is a node to run tasks for.
 * @throws ShoalError unavailable when the engine cannot be reached
 */
export async function engineInfo(socketPath: string): Promise<EngineInfo> {
  return readInfo(await openDocker(socketPath))
}

async function openDocker(socketPath: string): Promise<Docker> {
  const { default: DockerClient } = await import('dockerode')
  return new DockerClient({ socketPath, agent: new KeepAliveAgent() } as Docker.DockerOptions)
}

/**
 * Connections are kept and not limited in number: a limit makes calls queue behind those that wait long.
 *
 * docker-modem writes the options of every request out with `util.inspect`, to any depth and whether or not
 * anybody reads it. With an ordinary agent among them, its sockets and all, that took 100 ms of CPU a container.
 */
class KeepAliveAgent extends Agent {
  constructor() {
    super({ keepAlive: true })
  }

  [inspect.custom](): string {
    return 'KeepAliveAgent'
  }
}

async function readInfo(docker: Docker): Promise<EngineInfo> {
  return toEngineInfo((await answer(docker.info())) as InfoDocument)
}

/** What `start` may have to make again. */
interface Prepared {
  readonly task: AssignedTask
  readonly surroundings: Surroundings
  readonly id: string
}

/** Docker Engine through dockerode. A task costs three calls on its way to running: create, start, inspect. */
class DockerExecutor implements Executor, NetworkEngine {
  readonly #docker: Docker
  readonly #options: DockerOptions
  readonly #puller: ImagePuller
  readonly #gate: Gate
  /** By the containers' names: what was prepared by this process and has not been started. */
  readonly #prepared = new Map<string, Prepared>()
  readonly #networks: DockerNetworks

  constructor(docker: Docker, options: DockerOptions) {
    this.#docker = docker
    this.#options = options
    this.#puller = new ImagePuller(docker, options.log)
    this.#gate = new Gate(options.parallelism)
    this.#networks = new DockerNetworks(docker, options.node)
  }

  async prepare(
    task: AssignedTask,
    signal: AbortSignal,
    networking?: TaskNetworking,
  ): Promise<ContainerState> {
    const surroundings = { files: await this.#files(task, signal), networking }
    const state = await this.#prepare(task, surroundings, signal)
    this.#prepared.set(taskName(task), { task, surroundings, id: state.id })
    return state
  }

  async #prepare(
    task: AssignedTask,
    surroundings: Surroundings,
    signal: AbortSignal,
  ): Promise<ContainerState> {
    const created = await this.#create(task, surroundings)
    if (created) return created
    const image = task.Spec.ContainerSpec?.Image ?? ''
    const pullFailure = await this.#tryPull(image, task.RegistryAuth, signal)
    const createdAfterPull = await this.#create(task, surroundings)
    if (createdAfterPull) return createdAfterPull
    throw new ShoalError('not-found', `No such image: ${image}`, pullFailure)
  }

  async #files(task: AssignedTask, signal: AbortSignal): Promise<FileMount[]> {
    const { files } = this.#options
    if (files) return files.prepare(task, signal)
    const { Secrets: secrets, Configs: configs } = task.Spec.ContainerSpec ?? {}
    if (!secrets?.length && !configs?.length) return []
    throw new ShoalError('unimplemented', 'this agent has nowhere to lay out secrets and configs')
  }

  /** @returns undefined when the image is missing */
  async #create(task: AssignedTask, surroundings: Surroundings): Promise<ContainerState | undefined> {
    const state = await this.#createOnFirst(task, surroundings)
    // The engine takes one network at the creation; the others follow. A container that runs has them all.
    if (state?.phase === 'created')
      for (const attachment of surroundings.networking?.attachments.slice(1) ?? [])
        await this.#networks.connect(state.id, attachment)
    return state
  }

  async #createOnFirst(task: AssignedTask, surroundings: Surroundings): Promise<ContainerState | undefined> {
    const config = containerConfig(task, this.#options.node, surroundings)
    try {
      const { id } = await this.#gate.run(() => answer(this.#docker.createContainer(config)))
      return { id, phase: 'created', pid: 0, exitCode: 0, health: 'none', ports: [] }
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
      if (error.code === 'not-found' && /no such image/iu.test(error.message)) return undefined
      if (error.code === 'already-exists') return this.#adopt(taskName(task), error)
      throw error
    }
  }

  /** The name carries the task's ID: who bears it already was made for this task before a crash of ours. */
  async #adopt(name: string, error: ShoalError): Promise<ContainerState> {
    const existing = await this.inspect(name)
    if (existing) return existing
    throw new ShoalError('conflict', error.message, error)
  }

  /** A pull that fails is not the end: the image may be here under this name by then. It is the reason if not. */
  async #tryPull(image: string, auth: string | undefined, signal: AbortSignal): Promise<unknown> {
    try {
      await this.#puller.pull(image, auth, signal)
      return undefined
    } catch (error) {
      const refused = error instanceof ShoalError && error.code !== 'unavailable'
      if (signal.aborted || !refused) throw error
      this.#options.log.warn({ image, reason: error.message }, 'pulling the image failed')
      return error
    }
  }

  async start(container: string): Promise<void> {
    try {
      await this.#startOnce(container)
    } catch (error) {
      const prepared = this.#prepared.get(container)
      if (!prepared || !(error instanceof ShoalError) || !meansStrayProcess(error.message)) throw error
      await this.#replace(container, prepared, error.message)
      await this.#startOnce(container)
    }
    this.#prepared.delete(container)
  }

  #startOnce(container: string): Promise<void> {
    return this.#gate.run(() => unless([304], this.#docker.getContainer(container).start()))
  }

  /** An engine that was killed in the midst of the start stands in the way of this container for ever: take another. */
  async #replace(container: string, prepared: Prepared, reason: string): Promise<void> {
    const killed = await killStrayProcesses(prepared.id)
    this.#options.log.warn(
      { container, reason, killed },
      'replacing the container that a crashed engine has left',
    )
    await unless([404], this.#docker.getContainer(container).remove({ force: true, v: true }))
    await this.#create(prepared.task, prepared.surroundings)
  }

  async stop(container: string): Promise<void> {
    await unless([304, 404], this.#docker.getContainer(container).stop())
  }

  async remove(container: string): Promise<void> {
    for (const [name, { id }] of this.#prepared) {
      if (container === name || container === id) this.#prepared.delete(name)
    }
    // 409: somebody else is removing it at this moment.
    await unless([404, 409], this.#docker.getContainer(container).remove({ force: true, v: true }))
    await this.#options.files?.release(taskIdOfName(container))
  }

  async inspect(container: string): Promise<ContainerState | undefined> {
    try {
      return toContainerState(await answer(this.#docker.getContainer(container).inspect()))
    } catch (error) {
      if (error instanceof ShoalError && error.code === 'not-found') return undefined
      throw error
    }
  }

  async list(): Promise<OwnContainer[]> {
    const filters = { label: [`${NODE_ID_LABEL}=${this.#options.node.nodeId}`] }
    const own = (await answer(this.#docker.listContainers({ all: true, filters }))).map(toOwnContainer)
    await this.#options.files?.retain(new Set(own.map(({ taskId }) => taskId)))
    return own
  }

  watch(listener: (event: ExecutorEvent) => void, signal: AbortSignal): void {
    const { clock, random, log, node } = this.#options
    void followEvents({ docker: this.#docker, nodeId: node.nodeId, clock, random, log }, listener, signal)
  }

  info(): Promise<EngineInfo> {
    return readInfo(this.#docker)
  }

  ensureNetwork(network: EngineNetwork): Promise<void> {
    return this.#networks.ensure(network)
  }

  removeNetwork(name: string): Promise<void> {
    return this.#networks.remove(name)
  }

  listNetworks(): Promise<EngineNetwork[]> {
    return this.#networks.list()
  }
}
