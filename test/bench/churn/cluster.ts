import { certificateFolder, hosts, type LabMachine, mustRun } from '@shoal/lab'
import type { Task } from '@shoal/engine-api'
import { ApiClient, clientFiles, eventually } from '../../support/index.js'
import { type Incarnation, nameOf, NETWORKS, specOf } from './services.js'

const PATIENCE_MS = 180_000
const ENDED = ['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove']

export const isLive = ({ Status }: Task): boolean => !ENDED.includes(Status.State)

/** The addresses that a task has, each with its network, as one text. */
export function addressesOf(task: Task): string[] {
  return (task.NetworksAttachments ?? []).flatMap(({ Network, Addresses }) =>
    (Addresses ?? []).map((address) => `${Network.Spec.Name} ${address.split('/')[0]}`),
  )
}

/** The lab's cluster, whose first host is its manager. */
export class ChurnedCluster {
  readonly hosts: readonly LabMachine[]
  readonly #api: ApiClient

  private constructor(machines: readonly LabMachine[], api: ApiClient) {
    this.hosts = machines
    this.#api = api
  }

  static async open(lab: string): Promise<ChurnedCluster> {
    const machines = await hosts(lab)
    const api = new ApiClient(`${machines[0]!.address}:3376`, clientFiles(certificateFolder(lab)))
    return new ChurnedCluster(machines, api)
  }

  tasks(): Promise<Task[]> {
    return this.#api.tasks()
  }

  /** The VIPs of all services that there are. */
  async virtualAddresses(): Promise<string[]> {
    const services = await this.#api.services()
    return services.flatMap(({ Endpoint }) =>
      (Endpoint?.VirtualIPs ?? []).map(({ Addr }) => Addr?.split('/')[0] ?? ''),
    )
  }

  async createNetworks(): Promise<void> {
    for (const Name of NETWORKS) await this.#must('POST', '/networks/create', { Name, Driver: 'overlay' })
  }

  /** Those that a task has only just left take a moment. */
  async removeNetworks(): Promise<void> {
    for (const name of NETWORKS)
      await eventually(() => this.#must('DELETE', `/networks/${name}`), PATIENCE_MS)
  }

  create(incarnation: Incarnation, replicas: number): Promise<void> {
    return this.#must('POST', '/services/create', specOf(incarnation, replicas, 0))
  }

  async update(incarnation: Incarnation, replicas: number, version: number): Promise<void> {
    const name = nameOf(incarnation)
    const spec = specOf(incarnation, replicas, version)
    await eventually(async () => {
      const { Version } = await this.#api.service(name)
      await this.#must('POST', `/services/${name}/update?version=${Version.Index}`, spec)
    }, PATIENCE_MS)
  }

  remove(incarnation: Incarnation): Promise<void> {
    return this.#must('DELETE', `/services/${nameOf(incarnation)}`)
  }

  /** Waits until of every service just so many tasks run, and none is otherwise. @returns them */
  settled(wanted: ReadonlyMap<string, number>): Promise<Task[]> {
    return eventually(async () => {
      const live = (await this.tasks()).filter(isLive)
      const running = live.filter(({ Status }) => Status.State === 'running')
      const total = [...wanted.values()].reduce((sum, replicas) => sum + replicas, 0)
      if (live.length !== total || running.length !== total)
        throw new Error(`${running.length} of ${total} tasks run, of ${live.length} in all`)
      return running
    }, PATIENCE_MS)
  }

  /** Waits until there is no task any more. */
  async empty(): Promise<void> {
    await eventually(async () => {
      const left = await this.tasks()
      if (left.length > 0) throw new Error(`${left.length} tasks are left of services that were removed`)
    }, PATIENCE_MS)
  }

  /** All hosts leave; the manager's is the last. */
  async leave(): Promise<void> {
    for (const { name } of this.hosts.toReversed()) await mustRun(name, ['ctl', 'swarm', 'leave', '--force'])
  }

  close(): void {
    this.#api.close()
  }

  async #must(method: string, path: string, body?: unknown): Promise<void> {
    const { status, message } = await this.#api.call(method, path, body)
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${message}`)
  }
}
