import { certificateFolder, hosts, type LabMachine } from '@shoal/lab'
import type { Node, Service, ServiceSpec, Task } from '@shoal/engine-api'
import { ApiClient, clientFiles, eventually } from '../../support/index.js'
import { IMAGES } from './images.js'

export const SERVICE = 'web'
export const PUBLISHED_PORT = 8_080
export const TARGET_PORT = 8_080
const PATIENCE_MS = 120_000
const SECOND_NS = 1_000_000_000

/** What a task may be in without running, and without having ended. */
const ENDED = ['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove']

/** The lab's cluster with the service that is under load. Whichever manager answers is asked. */
export class LoadedCluster {
  readonly hosts: readonly LabMachine[]
  readonly #managers: readonly ApiClient[]

  private constructor(machines: readonly LabMachine[], managers: readonly ApiClient[]) {
    this.hosts = machines
    this.#managers = managers
  }

  /** @param managers how many of the hosts, from the first, are managers */
  static async open(lab: string, managers: number): Promise<LoadedCluster> {
    const machines = await hosts(lab)
    const files = clientFiles(certificateFolder(lab))
    const clients = machines.slice(0, managers).map(({ address }) => new ApiClient(`${address}:3376`, files))
    return new LoadedCluster(machines, clients)
  }

  close(): void {
    for (const manager of this.#managers) manager.close()
  }

  async createService(replicas: number): Promise<void> {
    const port = { PublishMode: 'ingress', PublishedPort: PUBLISHED_PORT, TargetPort: TARGET_PORT }
    await this.#must('POST', '/services/create', {
      Name: SERVICE,
      TaskTemplate: {
        ContainerSpec: {
          Image: IMAGES[0],
          Env: ['TASK={{.Task.Name}}'],
          // Without it, a task counts as running before the server in it listens.
          Healthcheck: {
            Test: ['CMD', '/node', '/server.mjs', 'check'],
            Interval: 2 * SECOND_NS,
            Timeout: 10 * SECOND_NS,
            Retries: 3,
          },
        },
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: 1, Monitor: SECOND_NS, Order: 'start-first' },
      EndpointSpec: { Ports: ['tcp', 'udp'].map((Protocol) => ({ ...port, Protocol })) },
    })
    await this.settled(replicas)
  }

  /** Changes the service's spec, whatever else has changed it meanwhile. */
  async update(change: (spec: ServiceSpec) => ServiceSpec): Promise<void> {
    await eventually(async () => {
      const { Spec, Version } = await this.service()
      await this.#must('POST', `/services/${SERVICE}/update?version=${Version.Index}`, change(Spec))
    }, PATIENCE_MS)
  }

  scale(replicas: number): Promise<void> {
    return this.update((spec) => ({ ...spec, Mode: { Replicated: { Replicas: replicas } } }))
  }

  async setAvailability(hostname: string, Availability: Node['Spec']['Availability']): Promise<void> {
    await eventually(async () => {
      const { ID, Spec, Version } = await this.node(hostname)
      await this.#must('POST', `/nodes/${ID}/update?version=${Version.Index}`, { ...Spec, Availability })
    }, PATIENCE_MS)
  }

  service(): Promise<Service> {
    return this.#ask((manager) => manager.service(SERVICE))
  }

  async node(hostname: string): Promise<Node> {
    const nodes = await this.nodes()
    const found = nodes.find(({ Description }) => Description.Hostname === hostname)
    if (!found) throw new Error(`${hostname} is no node`)
    return found
  }

  nodes(): Promise<Node[]> {
    return this.#ask((manager) => manager.nodes())
  }

  /** Waits until so many tasks of the present spec run, and no others are left. */
  async settled(replicas: number): Promise<Task[]> {
    return eventually(async () => {
      const { Spec, UpdateStatus } = await this.service()
      const image = Spec.TaskTemplate?.ContainerSpec?.Image
      const tasks = await this.#ask((manager) => manager.tasks(SERVICE))
      const live = tasks.filter(({ Status }) => !ENDED.includes(Status.State))
      const right = live.filter(
        (task) => task.Status.State === 'running' && task.Spec.ContainerSpec?.Image === image,
      )
      if (right.length !== replicas || live.length !== replicas || UpdateStatus?.State === 'updating')
        throw new Error(`${right.length} of ${replicas} tasks run, of ${live.length} in all`)
      return right
    }, PATIENCE_MS)
  }

  /** Asks the managers in turn. @throws what the last of them answers */
  async #ask<Result>(ask: (manager: ApiClient) => Promise<Result>): Promise<Result> {
    let last: unknown
    for (const manager of this.#managers) {
      try {
        return await ask(manager)
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  async #must(method: string, path: string, body: unknown): Promise<void> {
    const { status, message } = await this.#ask((manager) => manager.call(method, path, body))
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${message}`)
  }
}
