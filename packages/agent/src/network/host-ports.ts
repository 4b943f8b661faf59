import type { Logger } from '@shoal/common'
import type { EndpointSet } from '@shoal/engine-api'
import { listeners, type Run } from './apply/index.js'

/**
 * Which published ports are left to a program of this host. What already listens when a port is published keeps it,
 * until it listens no more; who begins to listen later does so in vain, and only on this port.
 */
export class HostPorts {
  readonly #run: Run
  readonly #log: Logger
  /** The published ports and whether each is left to the host. */
  readonly #decided = new Map<string, boolean>()

  constructor(run: Run, log: Logger) {
    this.#run = run
    this.#log = log
  }

  /** @returns the ports (`tcp/22`) that are not ours to answer */
  async leftToHost(services: Iterable<EndpointSet>): Promise<ReadonlySet<string>> {
    const published = new Set(
      [...services].flatMap(({ Ports }) =>
        Ports.map(({ Protocol, PublishedPort }) => `${Protocol}/${PublishedPort}`),
      ),
    )
    for (const port of this.#decided.keys()) if (!published.has(port)) this.#decided.delete(port)
    const open = [...published].filter((port) => this.#decided.get(port) !== false)
    if (open.length > 0) this.#decide(open, await listeners(this.#run))
    return new Set([...this.#decided].filter(([, left]) => left).map(([port]) => port))
  }

  #decide(ports: readonly string[], taken: ReadonlySet<string>): void {
    for (const port of ports) {
      const left = taken.has(port)
      if (left && !this.#decided.get(port))
        this.#log.warn(
          { port },
          'a program of this host listens on a published port: this node leaves it to that',
        )
      this.#decided.set(port, left)
    }
  }
}
