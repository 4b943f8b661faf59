// The network's part of an agent, without an engine, in a network namespace of its own: what `bench endpoints` measures.
import { createLogger, systemClock } from '@shoal/common'
import type { HostDocument } from '@shoal/engine-api'
import {
  DEFAULT_DRAIN,
  DEFAULT_HOST_NETWORK,
  HostNetwork,
  runProgram,
  watchProgram,
  type Run,
} from '@shoal/agent/network/index'
import type { EngineNetwork, NetworkEngine } from '@shoal/agent/executor/port'
import { Containers } from './containers.js'
import { documentsOf, localTasks } from './documents.js'
import { floorOfNft } from './floor.js'

/** Be told of so many services; of a change; connect so many times to a service; or call `nft` for next to nothing. */
export type Command =
  | { readonly services: number }
  | { readonly put: readonly HostDocument[] }
  | { readonly connect: number }
  | 'floor'

export interface Answer {
  /** How long it took until what was told is in force; or each connection, or the call; in milliseconds. */
  readonly tookMs: readonly number[]
  /** When the kernel led new connections by a change, and for how long some program was waited for, in milliseconds. */
  readonly kernelMs: number
  readonly programsMs: number
  readonly error?: string
}

const NOTHING: Answer = { tookMs: [], kernelMs: 0, programsMs: 0 }

/** The agent makes a bridge itself that is not there: all that is missing is somebody who remembers the networks. */
class NoEngine implements NetworkEngine {
  readonly #networks = new Map<string, EngineNetwork>()

  ensureNetwork(network: EngineNetwork): Promise<void> {
    this.#networks.set(network.name, network)
    return Promise.resolve()
  }

  removeNetwork(name: string): Promise<void> {
    this.#networks.delete(name)
    return Promise.resolve()
  }

  listNetworks(): Promise<EngineNetwork[]> {
    return Promise.resolve([...this.#networks.values()])
  }
}

const containers = new Containers()
/** When each program that makes a change began and ended; others look at the host meanwhile. */
let spans: [from: number, to: number][] = []
const run: Run = async (...call) => {
  const from = performance.now()
  try {
    return await runProgram(...call)
  } finally {
    if (call[0] === 'conntrack' || call[1][0] === '-f') spans.push([from, performance.now()])
  }
}

const tasks = localTasks()
const network = new HostNetwork({
  ...DEFAULT_HOST_NETWORK,
  engine: new NoEngine(),
  tasks: () => tasks,
  run,
  watch: watchProgram,
  clock: systemClock,
  log: createLogger('bench-host', 'warn'),
  drain: DEFAULT_DRAIN,
})

async function carryOut(command: Command): Promise<Answer> {
  if (command === 'floor') return { ...NOTHING, tookMs: [await floorOfNft()] }
  if ('connect' in command) return { ...NOTHING, tookMs: await containers.connect(command.connect) }
  spans = []
  const startedAt = performance.now()
  if ('put' in command) await network.change(command.put, [])
  else await network.replaceAll(documentsOf(command.services))
  const tookMs = performance.now() - startedAt
  if ('services' in command) await containers.join()
  const within = spans.filter(([from]) => from >= startedAt && from < startedAt + tookMs)
  const kernelMs = (within[0]?.[1] ?? startedAt) - startedAt
  return { tookMs: [tookMs], kernelMs, programsMs: within.reduce((sum, [from, to]) => sum + to - from, 0) }
}

process.on('message', (command: Command) => {
  const answer = (whole: Answer): void => void process.send?.(whole)
  carryOut(command).then(answer, (error: unknown) => answer({ ...NOTHING, error: String(error) }))
})
process.on('disconnect', () => process.exit())
