import type { NodeNetwork } from '@shoal/engine-api'

/** What VXLAN adds to a frame: Ethernet, IP, UDP and its own header, in bytes. */
const VXLAN_OVERHEAD = 50
/** IP and TCP headers with timestamps, in bytes. */
const TCP_HEADERS = 52
/** What sendfile and splice hand to a socket at a time: 16 pages, in bytes. */
const CHUNK = 65_536
/** What Linux puts into one TCP packet before it is cut: GSO_LEGACY_MAX_SIZE - 1 - MAX_TCP_HEADER, in bytes. */
const LARGEST_SEND = 65_215
/** What of an MTU may be given up for whole packets. */
const GIVEN_UP = 0.015

/**
 * The MTU of a network on this host, in bytes: what the user asked for, or what the underlay leaves. For the ingress
 * network, whose packets are mostly answers, a little less may be right: see {@link wholePacketMtu}.
 * @param underlay MTU of the device that has the node's data path address, in bytes
 */
export function mtuOf(network: NodeNetwork, underlay: number): number {
  if (network.Mtu !== undefined) return network.Mtu
  const room = underlay - VXLAN_OVERHEAD
  return network.Ingress ? wholePacketMtu(room) : room
}

/**
 * The MTU with which bulk data travels in the fewest packets within a host (docs/decisions/0009). Linux sends as many
 * whole segments at a time as fit into {@link LARGEST_SEND}. What is left of a {@link CHUNK} waits for the next one,
 * and when a whole segment has come together in this way it travels alone. With an MTU of 1450 that is nearly every
 * time, with 1439 at every fourth.
 * @param room the largest MTU that the underlay allows, in bytes
 */
export function wholePacketMtu(room: number): number {
  let best = room
  for (let mtu = room - 1; mtu >= room * (1 - GIVEN_UP); mtu--)
    if (lonelySegments(mtu) < lonelySegments(best)) best = mtu
  return best
}

/** How many segments travel alone, for each chunk. */
function lonelySegments(mtu: number): number {
  const segment = mtu - TCP_HEADERS
  const together = Math.floor(LARGEST_SEND / segment) * segment
  return (CHUNK - together) / segment
}
