import { spawn } from 'node:child_process'
import {
  freeDisk,
  heal,
  isCutOff,
  isDiskFull,
  isStopped,
  LOOP_DEVICES,
  NESTED_HOST,
  processState,
  resume,
  start,
} from '@shoal/lab'
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers'
import { mustRunProgram, type Outcome, runProgram } from './program.js'

/** Marks the hosts of a test run; its value is the process that runs it. */
export const RUN_LABEL = 'io.shoal.e2e'
const ENGINE_TIMEOUT_MS = 60_000

/** A container that is a Docker host: an engine of its own runs inside. */
export class LabHost extends GenericContainer {
  /** @param diskMb gives it a disk of its own of this size, which can be filled */
  constructor(image: string, hostname: string, network: StartedNetwork, diskMb?: number) {
    super(image)
    this.hostConfig = { ...this.hostConfig, ...NESTED_HOST }
    if (diskMb !== undefined) {
      this.hostConfig.DeviceCgroupRules = LOOP_DEVICES
      this.withEnvironment({ SHOAL_LAB_DISK_MB: String(diskMb) })
    }
    this.withHostname(hostname)
      .withNetwork(network)
      .withLabels({ [RUN_LABEL]: String(process.pid) })
      .withWaitStrategy(Wait.forSuccessfulCommand('docker info'))
      .withStartupTimeout(ENGINE_TIMEOUT_MS)
  }
}

export type Daemon = 'manager' | 'agent' | 'dockerd'

/** A container on a host, as far as the tests look at it. */
export interface HostContainer {
  readonly id: string
  readonly taskId: string
  readonly serviceName: string
  readonly image: string
  readonly running: boolean
  /** When it was last started. */
  readonly startedAt: string
}

/** A container of a task has started or ended. */
export interface ContainerEvent {
  readonly atMs: number
  readonly kind: 'start' | 'end'
  readonly containerId: string
  readonly serviceName: string
  /** `web.1`: the service and the slot. */
  readonly slotName: string
}

/** A running Docker host of a test's cluster. */
export class DockerHost {
  readonly name: string
  readonly address: string
  readonly #container: StartedTestContainer

  constructor(name: string, container: StartedTestContainer, network: string) {
    this.name = name
    this.address = container.getIpAddress(network)
    this.#container = container
  }

  /** What the outer engine knows it by: for the faults of `@shoal/lab`. */
  get id(): string {
    return this.#container.getId()
  }

  /** Runs a command on the host, whatever its exit code. */
  run(command: readonly string[]): Promise<Outcome> {
    return runProgram('docker', ['exec', this.#container.getId(), ...command])
  }

  /** Runs a command on the host. @returns what it printed @throws Error when it fails */
  mustRun(command: readonly string[]): Promise<string> {
    return mustRunProgram('docker', ['exec', this.#container.getId(), ...command])
  }

  /** Copies images of this machine's engine into the host's. */
  async load(...images: string[]): Promise<void> {
    const save = spawn('docker', ['save', ...images], { stdio: ['ignore', 'pipe', 'inherit'] })
    const load = spawn('docker', ['exec', '-i', this.#container.getId(), 'docker', 'load', '-q'], {
      stdio: [save.stdout, 'ignore', 'inherit'],
    })
    const code = await new Promise((resolve) => {
      load.on('close', resolve)
    })
    if (code !== 0)
      throw new Error(`${this.name}: docker load of ${images.join(', ')} ended with ${String(code)}`)
  }

  /** Copies a folder of the host to this machine. */
  async copyOut(from: string, to: string): Promise<void> {
    // Not with docker cp, which does not see what is mounted inside.
    const script = 'docker exec "$1" tar -C "$2" -c . | tar -C "$3" -x'
    await mustRunProgram('sh', ['-c', script, 'copy', this.#container.getId(), from, to])
  }

  /** Copies a file of this machine to the host. */
  async copyIn(from: string, to: string): Promise<void> {
    await mustRunProgram('docker', ['cp', from, `${this.#container.getId()}:${to}`])
  }

  /** The containers of Shoal's tasks on this host, ended ones too. @throws Error when its engine does not answer */
  async containers(): Promise<HostContainer[]> {
    for (;;) {
      const { code, stdout, stderr } = await this.run(['sh', '-c', INSPECT_ALL])
      if (code === 0) return containersFrom(JSON.parse(stdout || '[]') as InspectedContainer[])
      // One that goes between the two commands: look again.
      if (!stderr.includes('No such object')) throw new Error(`${this.name}: ${stderr}`)
    }
  }

  /** The moment on this host, as its engine understands it. */
  now(): Promise<string> {
    return this.mustRun(['date', '+%s.%N'])
  }

  /** The starts and ends of task containers since a moment, oldest first. An engine that was restarted has forgotten. */
  async events(since: string): Promise<ContainerEvent[]> {
    const filters = ['type=container', 'event=start', 'event=die', 'label=io.shoal.task.id']
    const attribute = (name: string): string => `{{index .Actor.Attributes "com.docker.swarm.${name}"}}`
    const format = `{{.TimeNano}} {{.Action}} {{.Actor.ID}} ${attribute('service.name')} ${attribute('task.name')}`
    const command = ['docker', 'events', '--since', since, '--until', await this.now(), '--format', format]
    const printed = await this.mustRun([...command, ...filters.flatMap((filter) => ['--filter', filter])])
    return printed
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [nanoseconds = '', action = '', containerId = '', serviceName = '', taskName = ''] =
          line.split(' ')
        const kind = action === 'start' ? 'start' : 'end'
        const slotName = taskName.slice(0, taskName.lastIndexOf('.'))
        return { atMs: Number(nanoseconds) / 1e6, kind, containerId, serviceName, slotName }
      })
  }

  /** Ends a daemon as a crash would; what supervises it starts it again. */
  async kill9(daemon: Daemon): Promise<void> {
    const pid = daemon === 'dockerd' ? '$(pidof dockerd)' : `$(cat /run/shoal/${daemon}.pid)`
    await this.mustRun(['sh', '-c', `kill -9 ${pid}`])
  }

  /** Ends a daemon of Shoal's together with its supervisor, so that it stays away. */
  async halt(daemon: 'manager' | 'agent'): Promise<void> {
    const pids = `$(cat /run/shoal/${daemon}.supervisor.pid) $(cat /run/shoal/${daemon}.pid)`
    await this.mustRun(['sh', '-c', `kill -9 ${pids}`])
  }

  /** Starts the daemons that do not run, as after a reboot. */
  async startDaemons(): Promise<void> {
    await this.mustRun(['ctl', 'swarm', 'start'])
  }

  /** Freezes the whole machine: nothing on it runs, and nobody is told. */
  async freeze(): Promise<void> {
    await mustRunProgram('docker', ['pause', this.#container.getId()])
  }

  async thaw(): Promise<void> {
    await mustRunProgram('docker', ['unpause', this.#container.getId()])
  }

  /** Switches the machine off. */
  async powerOff(): Promise<void> {
    await mustRunProgram('docker', ['kill', this.#container.getId()])
  }

  /** Switches it on again and starts its daemons. */
  async powerOn(): Promise<void> {
    await mustRunProgram('docker', ['start', this.#container.getId()])
    await this.startDaemons()
  }

  /** Undoes whatever faults a story that failed has left in force. */
  async mend(): Promise<void> {
    const status = await mustRunProgram('docker', ['inspect', '-f', '{{.State.Status}}', this.id])
    if (status === 'exited') return this.powerOn()
    if (status === 'paused') await this.thaw()
    if (await isCutOff(this.id)) await heal(this.id)
    if (await isDiskFull(this.id)) await freeDisk(this.id)
    for (const name of ['dockerd', 'manager', 'agent'] as const) {
      if (await isStopped(this.id, name)) await start(this.id, name)
      if ((await processState(this.id, name)) === 'paused') await resume(this.id, name)
    }
  }

  /** Removes the machine with all its data. */
  async remove(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true })
  }
}

const INSPECT_ALL =
  'ids=$(docker ps -aq --no-trunc --filter label=io.shoal.task.id) && { [ -z "$ids" ] || docker inspect $ids; }'

interface InspectedContainer {
  readonly Id: string
  readonly State: { readonly Running: boolean; readonly StartedAt: string }
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> }
}

function containersFrom(inspected: readonly InspectedContainer[]): HostContainer[] {
  return inspected.map(({ Id, State, Config: { Image, Labels } }) => ({
    id: Id,
    taskId: Labels['io.shoal.task.id'] ?? '',
    serviceName: Labels['com.docker.swarm.service.name'] ?? '',
    image: Image,
    running: State.Running,
    startedAt: State.StartedAt,
  }))
}
