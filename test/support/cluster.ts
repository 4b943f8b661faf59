import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Task } from '@shoal/engine-api'
import { ensureHostImage, ensureWorkloadImage, giveEtcdAccess } from '@shoal/lab'
import { Network, type StartedNetwork } from 'testcontainers'
import { ApiClient, clientFiles } from './api-client.js'
import { type EtcdMember, startEtcdMembers } from './etcd-members.js'
import { eventually } from './eventually.js'
import { DockerHost, type HostContainer, LabHost } from './lab-host.js'
import { removeLeftovers } from './leftovers.js'
import { mustRunProgram, type Outcome, runProgram } from './program.js'

const CTL = fileURLToPath(new URL('../../bin/ctl', import.meta.url))

/** Waiting times of those who tried in vain may have grown. */
const MENDING_MS = 60_000

/** Another name of the workload image, for rollouts. */
export const IMAGE_1 = 'shoal-busybox:1'
export const IMAGE_2 = 'shoal-busybox:2'

export interface ClusterOptions {
  readonly hosts: number
  /** How many of them take part in the cluster from the start; all of them when it is left out. */
  readonly members?: number
  /** How many of those are managers, the first ones; more than one needs an etcd. 1 when it is left out. */
  readonly managers?: number
  /** How many members the etcd has that keeps the state; 0, the embedded store, when it is left out. */
  readonly etcd?: number
  /** Gives the first host a disk of its own of this size, in MiB, which can be filled. */
  readonly diskMb?: number
}

/** A container together with the host that it was found on. */
export interface PlacedContainer extends HostContainer {
  readonly host: DockerHost
}

/** A real cluster on nested Docker hosts. The first host is a manager, the only one when nothing else is asked for. */
export class Cluster {
  readonly hosts: readonly DockerHost[]
  readonly etcd: readonly EtcdMember[]
  /** The first manager's. */
  readonly api: ApiClient
  /** Where the client's key and certificates are on this machine. */
  readonly certificates: string
  readonly #network: StartedNetwork
  readonly #folder: string
  readonly #apis: ReadonlyMap<DockerHost, ApiClient>

  private constructor(
    network: StartedNetwork,
    hosts: readonly DockerHost[],
    etcd: readonly EtcdMember[],
    folder: string,
  ) {
    this.hosts = hosts
    this.etcd = etcd
    this.#network = network
    this.#folder = folder
    this.certificates = folder
    const files = clientFiles(folder)
    this.#apis = new Map(hosts.map((host) => [host, new ApiClient(`${host.address}:3376`, files)]))
    this.api = this.apiOf(this.manager)
  }

  /**
   * Starts hosts, loads the workload image as `IMAGE_1` and `IMAGE_2`, and joins the hosts into one cluster.
   * @throws Error when that fails; nothing is left behind
   */
  static async form(options: ClusterOptions): Promise<Cluster> {
    const { hosts: count, members = count, managers = 1, etcd: etcdCount = 0, diskMb } = options
    // The reaper's image cannot always be pulled; what a run leaves behind is removed by the next one.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
    process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1'
    await removeLeftovers()
    const image = await ensureHostImage((text) => console.log(text))
    await ensureWorkloadImage(IMAGE_1)
    await mustRunProgram('docker', ['tag', IMAGE_1, IMAGE_2])
    const network = await new Network().start()
    const folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
    const hosts: DockerHost[] = []
    const etcd: EtcdMember[] = []
    try {
      await startHosts({ count, image, network, diskMb }, hosts)
      const store =
        etcdCount === 0
          ? []
          : await giveEtcdAccess(hosts[0]!.id, await startEtcdMembers(etcdCount, image, network, etcd))
      await joinHosts(hosts.slice(0, members), managers, store)
      await hosts[0]!.copyOut('/var/lib/shoal/client', folder)
      return new Cluster(network, hosts, etcd, folder)
    } catch (error) {
      await removeAll([...hosts, ...etcd], network, folder)
      throw error
    }
  }

  /** The Engine API of a manager's host. */
  apiOf(host: DockerHost): ApiClient {
    return this.#apis.get(host)!
  }

  get manager(): DockerHost {
    return this.hosts[0]!
  }

  /** The hosts beside the manager's. */
  get workers(): readonly DockerHost[] {
    return this.hosts.slice(1)
  }

  /** The host of this name. */
  host(name: string): DockerHost {
    const host = this.hosts.find((candidate) => candidate.name === name)
    if (!host) throw new Error(`there is no host ${name}`)
    return host
  }

  /** What points docker and ctl on this machine at the cluster. */
  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.#folder,
      DOCKER_HOST: `tcp://${this.manager.address}:3376`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: this.#folder,
    }
  }

  /** Runs ctl on this machine, over TLS, whatever its exit code. */
  ctl(...args: string[]): Promise<Outcome> {
    return runProgram(CTL, args, { environment: this.environment })
  }

  /** Runs ctl on this machine. @returns what it printed @throws Error when it fails */
  mustCtl(...args: string[]): Promise<string> {
    return mustRunProgram(CTL, args, { environment: this.environment })
  }

  /** Runs a docker CLI on this machine, over TLS, whatever its exit code. */
  docker(path: string, ...args: string[]): Promise<Outcome> {
    return runProgram(path, args, { environment: this.environment })
  }

  /** The containers of a service, or of all of them, on all hosts; ended ones too. */
  async containers(service?: string): Promise<PlacedContainer[]> {
    const found = await Promise.all(
      this.hosts.map(async (host) => (await host.containers()).map((container) => ({ ...container, host }))),
    )
    return found.flat().filter(({ serviceName }) => service === undefined || serviceName === service)
  }

  /** The tasks of a service that are wanted running and do run. */
  async runningTasks(service: string): Promise<Task[]> {
    const tasks = await this.api.tasks(service)
    return tasks.filter(
      ({ DesiredState, Status }) => DesiredState === 'running' && Status.State === 'running',
    )
  }

  async nodeId(host: DockerHost): Promise<string> {
    const node = (await this.api.nodes()).find(({ Description }) => Description.Hostname === host.name)
    if (!node) throw new Error(`${host.name} is no node of the cluster`)
    return node.ID
  }

  /** Removes every service and waits until nothing of it is left, so that the next story starts afresh. */
  async clear(): Promise<void> {
    const services = await this.api.services()
    if (services.length > 0) await this.mustCtl('service', 'rm', ...services.map(({ ID }) => ID))
    await eventually(async () => {
      const left = (await this.containers()).length + (await this.api.tasks()).length
      if (left > 0) throw new Error(`${left} tasks and containers are left of services that were removed`)
    })
  }

  /** Undoes all faults that are in force, and waits until every host is ready. */
  async mend(): Promise<void> {
    await Promise.all([...this.hosts, ...this.etcd].map((machine) => machine.mend()))
    await eventually(async () => {
      const states = (await this.api.nodes()).map(({ Status }) => Status.State)
      if (states.some((state) => state !== 'ready')) throw new Error(`the hosts are ${states.join(', ')}`)
    }, MENDING_MS)
  }

  /** Removes the hosts with all their data. */
  async end(): Promise<void> {
    for (const api of this.#apis.values()) api.close()
    await removeAll([...this.hosts, ...this.etcd], this.#network, this.#folder)
  }
}

interface HostsToStart {
  readonly count: number
  readonly image: string
  readonly network: StartedNetwork
  readonly diskMb: number | undefined
}

async function startHosts(
  { count, image, network, diskMb }: HostsToStart,
  hosts: DockerHost[],
): Promise<void> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => {
      const name = `host${index + 1}`
      const container = await new LabHost(image, name, network, index === 0 ? diskMb : undefined).start()
      hosts[index] = new DockerHost(name, container, network.getName())
      await hosts[index].load(IMAGE_1, IMAGE_2)
    }),
  )
  const failed = started.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function joinHosts(
  [first, ...others]: readonly DockerHost[],
  managers: number,
  store: readonly string[],
): Promise<void> {
  if (!first) return
  await first.mustRun(['ctl', 'swarm', 'init', '--advertise-addr', first.address, ...store])
  const token = (role: string): Promise<string> => first.mustRun(['ctl', 'swarm', 'join-token', '-q', role])
  const tokens = { manager: await token('manager'), worker: await token('worker') }
  await Promise.all(
    others.map((host, index) => {
      const secret = index + 1 < managers ? tokens.manager : tokens.worker
      const join = ['ctl', 'swarm', 'join', '--token', secret, '--advertise-addr', host.address]
      return host.mustRun([...join, `${first.address}:2377`])
    }),
  )
}

/** Also removes what was started only in part. */
async function removeAll(
  machines: readonly ({ remove(): Promise<void> } | undefined)[],
  network: StartedNetwork,
  folder: string,
): Promise<void> {
  await Promise.allSettled(machines.map(async (machine) => machine?.remove()))
  await removeLeftovers(process.pid)
  await network.stop().catch(() => {})
  rmSync(folder, { recursive: true, force: true })
}
