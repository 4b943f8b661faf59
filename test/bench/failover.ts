import {
  certificateFolder,
  crash,
  cutOff,
  down,
  heal,
  hosts,
  type LabMachine,
  onHost,
  pause,
  processState,
  resume,
  signal,
  start,
  up,
} from '@shoal/lab'
import { ApiClient, clientFiles, eventually } from '../support/index.js'
import { type Benchmark, type BenchmarkOptions, median, type Result, rounded } from './benchmark.js'
import { swarmFailovers } from './swarm-failover.js'
import { Writer } from './writer.js'

const LAB = 'bench'
const PATIENCE_MS = 60_000
/** Rounds of Docker Swarm's: they take longer, and need fewer to tell. */
const SWARM_ROUNDS = 5
/** What a cluster has of peace between two faults, in milliseconds; and that they do not all fall into one moment of a lease. */
const PEACE_MS = 2_500
const SPREAD_MS = 1_700

/**
 * From a fault of the primary to the first write that is accepted at the other manager's API: two managers, an etcd of
 * three members. Beside it Docker Swarm's own failover, with three managers on the same kind of hosts.
 */
export const failover: Benchmark = async (options) => {
  options.say('bringing up a lab of three hosts, two managers and three members of etcd …')
  await down(LAB)
  await up({ lab: LAB, hosts: 3, managers: 2, etcd: 3, say: options.say })
  let own: Result[]
  try {
    own = await measure(options)
  } finally {
    await down(LAB)
  }
  return [...own, ...swarmResult(await swarmFailovers(LAB, SWARM_ROUNDS, options.say))]
}

interface Fault {
  readonly name: string
  /** @returns the moment just before, in milliseconds since the epoch */
  readonly strike: (host: string) => Promise<number>
  readonly undo: (host: string) => Promise<void>
}

const KILL: Fault = {
  name: 'kill -9',
  strike: (host) => crash(host, 'manager'),
  undo: async () => {},
}
const TERM: Fault = {
  name: 'SIGTERM',
  strike: (host) => signal(host, 'manager', 'TERM'),
  undo: async (host) => {
    await eventually(async () => {
      if ((await processState(host, 'manager')) !== 'ended') throw new Error('the manager has not ended')
    })
    await start(host, 'manager')
  },
}
const FREEZE: Fault = {
  name: 'SIGSTOP',
  strike: (host) => pause(host, 'manager'),
  undo: (host) => resume(host, 'manager'),
}
const CUT: Fault = { name: 'cut off', strike: cutOff, undo: heal }

async function measure({ say, rounds }: BenchmarkOptions): Promise<Result[]> {
  const lab = await Managers.open()
  const run = async (faults: readonly Fault[]): Promise<Round[]> => {
    const done: Round[] = []
    for (let round = 1; round <= rounds; round++) {
      const fault = faults[(round - 1) % faults.length]!
      const result = await lab.round(fault, `${fault.name.replaceAll(/\W/g, '')}-${round}`)
      say(
        `${fault.name} ${round} of ${rounds}: ${result.writeMs} ms; all agents are back after ${result.agentsMs} ms`,
      )
      done.push(result)
    }
    return done
  }
  const kills = await run([KILL])
  const terms = await run([TERM])
  const freezes = await run([FREEZE, FREEZE, CUT])
  lab.close()
  return [...killResults(kills), worst('term', terms), ...freezeResults(freezes)]
}

function killResults(rounds: readonly Round[]): Result[] {
  const times = rounds.map(({ writeMs }) => writeMs)
  const note = `kill -9, ${rounds.length} rounds`
  return [
    { name: 'kill-median-ms', value: rounded(median(times), 0), unit: 'ms', note },
    worst('kill', rounds),
  ]
}

function freezeResults(rounds: readonly Round[]): Result[] {
  const agents = rounds.map(({ agentsMs }) => agentsMs)
  const note = 'from the fault until all agents that can are connected to the new primary'
  return [
    worst('freeze', rounds),
    { name: 'freeze-agents-median-ms', value: rounded(median(agents), 0), unit: 'ms', note },
    { name: 'freeze-agents-worst-ms', value: Math.max(...agents), unit: 'ms' },
  ]
}

function worst(name: string, rounds: readonly Round[]): Result {
  const times = rounds.map(({ writeMs }) => writeMs)
  const note = `${rounds.length} rounds, median ${rounded(median(times), 0)} ms`
  return { name: `${name}-worst-ms`, value: Math.max(...times), unit: 'ms', note }
}

function swarmResult(times: readonly number[]): Result[] {
  const each = times.map((ms) => `${rounded(ms / 1000, 1)} s`).join(', ')
  return [
    {
      name: 'swarm-kill-median-ms',
      value: rounded(median(times), 0),
      unit: 'ms',
      note: `Docker Swarm, kill -9 of the leader's dockerd: ${each}`,
    },
    { name: 'swarm-kill-worst-ms', value: Math.max(...times), unit: 'ms' },
  ]
}

interface Round {
  /** From the fault to the first write that was accepted. */
  readonly writeMs: number
  /** From the fault until the agents that can be are connected to the new primary. */
  readonly agentsMs: number
}

interface Manager {
  readonly host: LabMachine
  readonly api: ApiClient
}

/** The lab's two managers, of which one leads. */
class Managers {
  readonly #managers: readonly Manager[]

  private constructor(managers: readonly Manager[]) {
    this.#managers = managers
  }

  static async open(): Promise<Managers> {
    const files = clientFiles(certificateFolder(LAB))
    const managers = (await hosts(LAB)).slice(0, 2)
    return new Managers(managers.map((host) => ({ host, api: new ApiClient(`${host.address}:3376`, files) })))
  }

  /** One fault of whoever leads now, from a settled cluster to a settled cluster. */
  async round(fault: Fault, label: string): Promise<Round> {
    const primary = await this.#primary()
    const secondary = this.#managers.find((manager) => manager !== primary)!
    const writer = new Writer((...call) => secondary.api.call(...call), label)
    await new Promise((resolve) => {
      setTimeout(resolve, PEACE_MS + Math.random() * SPREAD_MS)
    })
    const sinceMs = await fault.strike(primary.host.name)
    const writeMs = await writer.firstAfter(sinceMs, PATIENCE_MS)
    await writer.stop()
    // A host that is cut off has an agent that cannot be back.
    await untilConnected(secondary.host.name, fault === CUT ? 2 : 3)
    const agentsMs = Date.now() - sinceMs
    await fault.undo(primary.host.name)
    return { writeMs, agentsMs }
  }

  close(): void {
    for (const { api } of this.#managers) api.close()
  }

  /** Waits until both managers are there, one of them leads, and all nodes are connected to it. */
  async #primary(): Promise<Manager> {
    const primary = await eventually(async () => {
      const nodes = await this.#managers[0]!.api.nodes()
      const managers = nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === 'reachable')
      const leader = managers.find(({ ManagerStatus }) => ManagerStatus?.Leader)
      const found = this.#managers.find(
        ({ host }) => leader?.ManagerStatus?.Addr.startsWith(`${host.address}:`) ?? false,
      )
      if (!found || managers.length < 2) throw new Error('the managers have not settled')
      return found
    }, PATIENCE_MS)
    await untilConnected(primary.host.name, 3)
    return primary
  }
}

/** Waits until so many agents are connected to the manager of a host. */
async function untilConnected(host: string, agents: number): Promise<void> {
  await eventually(async () => {
    const { stdout } = await onHost(host, ['curl', '-s', 'http://127.0.0.1:9323/metrics'])
    const connected = Number(/^shoal_connected_agents (\d+)$/m.exec(stdout)?.[1])
    if (!(connected >= agents)) throw new Error(`${connected} of ${agents} agents are connected`)
  }, PATIENCE_MS)
}
