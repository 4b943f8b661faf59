import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createKeyPair } from '@shoal/common/tls/index'
import type { SeededCluster } from './seed.js'
import type { Tally, ToAgents } from './messages.js'

const PROGRAM = fileURLToPath(new URL('process.js', import.meta.url))
const AGENTS_PER_PROCESS = 500

/** Many hollow agents, some hundred to a process. */
export class Fleet {
  readonly #processes: ChildProcess[] = []

  /**
   * Begins an agent for every node of the cluster, and does not wait for them.
   * @param managers `host:port`
   * @param perSecond how many agents begin in a second
   */
  static start(
    cluster: SeededCluster,
    { managers, perSecond }: { readonly managers: readonly string[]; readonly perSecond: number },
  ): Fleet {
    const fleet = new Fleet()
    const { keyPem } = createKeyPair()
    const { nodeIds } = cluster
    const count = Math.ceil(nodeIds.length / AGENTS_PER_PROCESS)
    for (let from = 0; from < nodeIds.length; from += AGENTS_PER_PROCESS) {
      const child = fork(PROGRAM, [String(from)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      fleet.#processes.push(child)
      tell(child, {
        kind: 'start',
        managers,
        clusterId: cluster.clusterId,
        rootCertificate: cluster.rootCertificate,
        rootKey: cluster.rootKey,
        agentKey: keyPem,
        nodeIds: nodeIds.slice(from, from + AGENTS_PER_PROCESS),
        everyMs: (count * 1000) / perSecond,
      })
    }
    return fleet
  }

  /** How things are with all agents. */
  async tally(): Promise<Tally> {
    const tallies = await Promise.all(this.#processes.map(ask))
    const sum = (field: keyof Tally): number => tallies.reduce((total, one) => total + one[field], 0)
    return {
      connected: sum('connected'),
      running: sum('running'),
      sessions: sum('sessions'),
      memory: sum('memory'),
    }
  }

  /** Kills all agents. */
  async end(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }),
    )
  }
}

async function ask(child: ChildProcess): Promise<Tally> {
  const answered = once(child, 'message') as Promise<[Tally]>
  tell(child, { kind: 'ask' })
  const [tally] = await answered
  return tally
}

function tell(child: ChildProcess, message: ToAgents): void {
  child.send(message)
}
