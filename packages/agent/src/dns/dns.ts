import type { Clock, Logger, Random } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import type { DocumentHandler } from '../session/index.js'
import { Forwarder } from './forwarder.js'
import { hostNameServers } from './name-servers.js'
import { createResponder } from './responder.js'
import { type Gateway, Server } from './server.js'
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
  /** The tasks of this host, asked anew for each question. */
  readonly tasks: () => Iterable<AssignedTask>
  /** Whom this host asks itself; by default, what its resolv.conf says. */
  readonly hostServers?: () => Promise<readonly string[]>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Ends everything. */
  readonly signal: AbortSignal
}

/**
 * The name server of this host: answers on the gateways of the networks that its documents name, until the signal
 * aborts. What it is told counts from the next question on.
 */
export function createDns(options: DnsOptions): DocumentHandler {
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
  const listen = (): void => server.listenOn(signal.aborted ? [] : gateways(zone))
  signal.addEventListener('abort', listen, { once: true })
  return {
    replaceAll(documents) {
      zone.replaceAll(documents)
      listen()
    },
    change(put, removed) {
      for (const name of removed) zone.remove(name)
      for (const document of put) zone.put(document)
      if ([...put, ...removed].some(({ kind }) => kind === 'network')) listen()
    },
  }
}

/** The ingress network's too: a container may have no other network, and ask for what is elsewhere. */
function gateways(zone: Zone): Gateway[] {
  return [...zone.networks()].map(({ ID, NodeGateway }) => ({ networkId: ID, address: NodeGateway }))
}
