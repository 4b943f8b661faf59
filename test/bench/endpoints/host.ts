// The network's part of an agent, without an engine, in a network namespace of its own: what `bench endpoints` measures.
import { createLogger, systemClock } from '@shoal/common'
import type { HostDocument } from '@shoal/engine-api'
import { DEFAULT_DRAIN, DEFAULT_HOST_NETWORK, HostNetwork, runProgram } from '@shoal/agent/network/index'
import type { EngineNetwork, NetworkEngine } from '@shoal/agent/executor/port'
import { Containers } from './containers.js'
import { documentsOf, localTasks } from './documents.js'

/** Be told of so many services; of a change; or connect so many times to a service. */
export type Command =
  | { readonly services: number }
  | { readonly put: readonly HostDocument[] }
  | { readonly connect: number }

export interface Answer {
  /** How long it took until what was told is in force; or each connection, in milliseconds. */
  readonly tookMs: readonly number[]
  readonly error?: string
}

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
const tasks = localTasks()
const network = new HostNetwork({
  ...DEFAULT_HOST_NETWORK,
  engine: new NoEngine(),
  tasks: () => tasks,
  run: runProgram,
  clock: systemClock,
  log: createLogger('bench-host', 'warn'),
  drain: DEFAULT_DRAIN,
})

async function carryOut(command: Command): Promise<readonly number[]> {
  if ('connect' in command) return containers.connect(command.connect)
  const startedAt = performance.now()
  if ('put' in command) await network.change(command.put, [])
  else await network.replaceAll(documentsOf(command.services))
  const tookMs = performance.now() - startedAt
  if ('services' in command) await containers.join()
  return [tookMs]
}

process.on('message', (command: Command) => {
  const answer = (whole: Answer): void => void process.send?.(whole)
  carryOut(command).then(
    (tookMs) => answer({ tookMs }),
    (error: unknown) => answer({ tookMs: [], error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
