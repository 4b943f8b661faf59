import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '@shoal/common'
import type { EndpointSet } from '@shoal/engine-api'
import { listeners, type Run } from './apply/index.js'
import { changedKeys } from './changed-keys.js'

type Services = ReadonlyMap<string, EndpointSet>

/**
 * Which published ports are left to a program of this host. What already listens when a port is published keeps it,
 * until it listens no more; who begins to listen later does so in vain, and only on this port.
 */
export class HostPorts {
  readonly #run: Run
  readonly #log: Logger
  /** The published ports and whether each is left to the host. */
  readonly #decided = new Map<string, boolean>()
  #published: { readonly services: Services; readonly ports: ReadonlySet<string> } = {
    services: new Map(),
    ports: new Set(),
  }

  constructor(run: Run, log: Logger) {
    this.#run = run
    this.#log = log
  }

  /** @returns the ports (`tcp/22`) that are not ours to answer */
  async leftToHost(services: Services): Promise<ReadonlySet<string>> {
    const published = this.#publishedBy(services)
    for (const port of this.#decided.keys()) if (!published.has(port)) this.#decided.delete(port)
    const open = [...published].filter((port) => this.#decided.get(port) !== false)
    if (open.length > 0) this.#decide(open, await listeners(this.#run))
    return new Set([...this.#decided].filter(([, left]) => left).map(([port]) => port))
  }

  /** Endpoints come and go all the time, and ports hardly ever: with thousands of services not all are looked through. */
  #publishedBy(services: Services): ReadonlySet<string> {
    const { services: before, ports } = this.#published
    const changed = changedKeys(before, services)
    const isSame = changed.every((id) => isDeepStrictEqual(portsOf(before, id), portsOf(services, id)))
    const names = isSame ? ports : new Set([...services.keys()].flatMap((id) => portsOf(services, id)))
    this.#published = { services, ports: names }
    return names
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

function portsOf(services: Services, id: string): string[] {
  const { Ports = [] } = services.get(id) ?? {}
  return Ports.map(({ Protocol, PublishedPort }) => `${Protocol}/${PublishedPort}`)
}
