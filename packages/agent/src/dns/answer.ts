import { isIP } from 'node:net'
import type { Random } from '@shoal/common'
import { inSubnet, isLoopback, reverseAddress } from './addresses.js'
import type { NodeNetwork } from '@shoal/engine-api'
import type { Asker } from './asker.js'
import type { Zone } from './zone.js'

/** One question, as far as the decision looks at it. */
export interface Question {
  /** Without a dot at the end, in any case. */
  readonly name: string
  /** `A`, `AAAA`, `PTR` …, as the codec names it. */
  readonly type: string
}

/** Where a question came from. */
export interface Origin {
  /** The network whose gateway was asked. */
  readonly networkId: string
  /** The source address. */
  readonly address: string
  /** The container of this host that has the address; undefined when none is known to have it. */
  readonly asker: Asker | undefined
}

export type Answer =
  /** The name is the cluster's; none: it has no address (now), or none of this type. */
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pointer'; readonly name: string }
  /** Others are to be asked: these, or those of the host. */
  | { readonly kind: 'forward'; readonly servers: readonly string[] | 'host' }
  /** An internal network is cut off from the world, and questions are a way out, too. */
  | { readonly kind: 'refuse' }
  /** It came from outside of the network: no answer, lest we be made to shower others with answers. */
  | { readonly kind: 'ignore' }

/**
 * Decides on a question. Names belong to networks, and only those of the networks that the asking container is on
 * count; one that several of them know is taken from the first that does, as Docker does it.
 */
export function answer(zone: Zone, question: Question, from: Origin, random: Random): Answer {
  const network = zone.network(from.networkId)
  if (!network || !inSubnet(from.address, network.Subnet)) return { kind: 'ignore' }
  const asker = from.asker ?? attached(network)
  if (!asker) return network.Internal ? { kind: 'refuse' } : { kind: 'forward', servers: 'host' }

  const name = question.name.toLowerCase()
  const reversed = reverseAddress(name)
  if (reversed !== undefined) return pointer(zone, asker, question, reversed)
  const addresses = lookUp(zone, asker, name)
  if (!addresses) return elsewhere(zone, asker)
  const asked = question.type === 'A' || question.type === 'ANY'
  return { kind: 'addresses', addresses: asked ? shuffled(addresses, random) : [] }
}

/** A container that is no task may be on an attachable network; then it is known to be on that one, and no more. */
function attached({ ID, Attachable }: NodeNetwork): Asker | undefined {
  return Attachable ? { networks: [ID], nameServers: [] } : undefined
}

function pointer(zone: Zone, asker: Asker, question: Question, address: string): Answer {
  for (const network of networksOf(zone, asker)) {
    const name = zone.nameAt(network.ID, address)
    if (name === undefined) continue
    const asked = question.type === 'PTR' || question.type === 'ANY'
    return asked ? { kind: 'pointer', name: `${name}.${network.Name}` } : { kind: 'addresses', addresses: [] }
  }
  return elsewhere(zone, asker)
}

/** `name` itself, or `<name>.<network>`, where both parts may have dots. */
function lookUp(zone: Zone, asker: Asker, name: string): readonly string[] | undefined {
  const networks = networksOf(zone, asker)
  for (const network of networks) {
    const addresses = zone.addresses(network.ID, name)
    if (addresses) return addresses
  }
  for (const network of networks) {
    const suffix = `.${network.Name.toLowerCase()}`
    if (!name.endsWith(suffix)) continue
    const addresses = zone.addresses(network.ID, name.slice(0, -suffix.length))
    if (addresses) return addresses
  }
  return undefined
}

/** The ingress network is the mesh's own: nobody is found by it. */
function networksOf(zone: Zone, asker: Asker): { readonly ID: string; readonly Name: string }[] {
  return asker.networks.flatMap((id) => {
    const network = zone.network(id)
    return network && !network.Ingress ? [network] : []
  })
}

function elsewhere(zone: Zone, asker: Asker): Answer {
  // What a container calls 127.0.0.1 is its own, and cannot be asked from here.
  const own = asker.nameServers.filter((server) => isIP(server) !== 0 && !isLoopback(server))
  if (!cutOff(zone, asker)) return { kind: 'forward', servers: own.length > 0 ? own : 'host' }
  const inside = own.filter((server) =>
    asker.networks.some((id) => inSubnet(server, zone.network(id)?.Subnet ?? '')),
  )
  return inside.length > 0 ? { kind: 'forward', servers: inside } : { kind: 'refuse' }
}

/** Whether every network of the asker is internal. One that is not known here opens nothing. */
function cutOff(zone: Zone, asker: Asker): boolean {
  return asker.networks.every((id) => zone.network(id)?.Internal ?? true)
}

/** So that clients who take the first address spread over all of them. */
function shuffled(addresses: readonly string[], random: Random): readonly string[] {
  const order = [...addresses]
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = Math.floor(random.next() * (last + 1))
    const swapped = order[last]!
    order[last] = order[chosen]!
    order[chosen] = swapped
  }
  return order
}
