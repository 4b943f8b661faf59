import type { Clock, Logger, Random } from '@shoal/common'
import type { AssignedTask, EndpointSet, NodeNetwork } from '@shoal/engine-api'
import { Forwarder } from './forwarder.js'
import { hostNameServers } from './name-servers.js'
import { createResponder } from './responder.js'
import { Server } from './server.js'
import { Zone } from './zone.js'

/** The settings of a real agent. */
export const DEFAULT_DNS = {
  port: 53,
  upstreamPort: 53,
  retryMs: 200,
  forwardTimeoutMs: 1_200,
  forwardServers: 3,
  forwardConcurrency: 1_024,
} as const

export interface DnsOptions {
  /** On which port of each gateway it answers. */
  readonly port: number
  /** On which port other name servers are asked. */
  readonly upstreamPort: number
  /** How long after a failure an address is tried again, in milliseconds. */
  readonly retryMs: number
  /** How long one name server is waited for, in milliseconds. */
  readonly forwardTimeoutMs: number
  /** How many of them are asked at most. */
  readonly forwardServers: number
  /** Questions that may be on their way to them at the same time. */
  readonly forwardConcurrency: number
  /** Whom this host asks itself; by default, what its resolv.conf says. */
  readonly hostServers?: () => Promise<readonly string[]>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Ends everything. */
  readonly signal: AbortSignal
}

/** What has changed of what this host is told. */
export interface DnsChange {
  readonly networks?: readonly NodeNetwork[]
  readonly endpoints?: readonly EndpointSet[]
  readonly tasks?: readonly AssignedTask[]
  readonly removedNetworks?: readonly string[]
  readonly removedServices?: readonly string[]
  readonly removedTasks?: readonly string[]
}

/** The name server of this host. What it is told counts from the next question on. */
export interface Dns {
  change(change: DnsChange): void
}

/** Answers on the gateways of the networks that it hears of, until the signal aborts. */
export function createDns(options: DnsOptions): Dns {
  const { clock, signal, hostServers = hostNameServers(clock) } = options
  const zone = new Zone()
  const forwarder = new Forwarder({
    ...options,
    port: options.upstreamPort,
    timeoutMs: options.forwardTimeoutMs,
    servers: options.forwardServers,
    concurrency: options.forwardConcurrency,
  })
  const parts = { ...options, zone, forwarder, hostServers }
  const server = new Server({ ...options, responder: (networkId) => createResponder(parts, networkId) })
  const listen = (): void => {
    if (signal.aborted) return server.listenOn([])
    const networks = [...zone.networks()].filter(({ Ingress }) => !Ingress)
    server.listenOn(networks.map(({ ID, NodeGateway }) => ({ networkId: ID, address: NodeGateway })))
  }
  signal.addEventListener('abort', listen, { once: true })
  return {
    change(change) {
      apply(zone, change)
      if (change.networks || change.removedNetworks) listen()
    },
  }
}

function apply(zone: Zone, change: DnsChange): void {
  for (const id of change.removedTasks ?? []) zone.removeTask(id)
  for (const id of change.removedServices ?? []) zone.removeEndpoints(id)
  for (const id of change.removedNetworks ?? []) zone.removeNetwork(id)
  for (const network of change.networks ?? []) zone.putNetwork(network)
  for (const set of change.endpoints ?? []) zone.putEndpoints(set)
  for (const task of change.tasks ?? []) zone.putTask(task)
}
