import type { Logger, Random } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import { type Answer, answer } from './answer.js'
import { askerAt } from './asker.js'
import type { Forwarder, Transport } from './forwarder.js'
import type { Responder } from './listener.js'
import {
  addressesReply,
  fitting,
  LARGEST_TCP,
  pointerReply,
  type Query,
  receive,
  verdict,
} from './message.js'
import type { Zone } from './zone.js'

export interface ResponderParts {
  readonly zone: Zone
  readonly forwarder: Forwarder
  /** The tasks of this host: they ask. */
  readonly tasks: () => Iterable<AssignedTask>
  /** Whom this host asks itself. */
  readonly hostServers: () => Promise<readonly string[]>
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Who answers on the gateway of a network: reads a packet, decides, and carries the decision out. */
export function createResponder(parts: ResponderParts, networkId: string): Responder {
  const { zone, tasks, random, log } = parts
  return async (packet, address, transport) => {
    const received = receive(packet)
    if (received.kind === 'ignore') return undefined
    if (received.kind === 'reject') return received.reply
    const { query } = received
    try {
      const from = { networkId, address, asker: askerAt(tasks(), networkId, address) }
      return await carryOut(parts, query, answer(zone, query.question, from, random), transport)
    } catch (error) {
      log.warn({ err: error, name: query.question.name, asker: address }, 'a question could not be answered')
      return verdict(query, 'SERVFAIL')
    }
  }
}

async function carryOut(
  { forwarder, hostServers, signal }: ResponderParts,
  query: Query,
  decided: Answer,
  transport: Transport,
): Promise<Buffer | undefined> {
  const limit = transport === 'udp' ? query.udpSize : LARGEST_TCP
  switch (decided.kind) {
    case 'addresses':
      return addressesReply(query, decided.addresses, limit)
    case 'pointer':
      return pointerReply(query, decided.name)
    case 'forward': {
      const servers = decided.servers === 'host' ? await hostServers() : decided.servers
      const reply = await forwarder.ask(query, servers, transport, signal)
      return reply ? fitting(reply, query, limit) : verdict(query, 'SERVFAIL')
    }
    case 'refuse':
      return verdict(query, 'REFUSED')
    case 'ignore':
      return undefined
  }
}
