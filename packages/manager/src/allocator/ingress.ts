import type { Random } from '@shoal/common'
import { put, type Mutation } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { ingressNetwork } from './needs.js'
import { newNetwork, type NetworkWish } from './new-network.js'

/** The ingress network as a cluster has it at its beginning. */
export const DEFAULT_INGRESS: NetworkWish = {
  Name: 'ingress',
  Driver: 'overlay',
  Internal: false,
  Attachable: false,
  Ingress: true,
  IPAM: { Driver: 'default', Options: null, Config: [] },
  Options: {},
  Labels: {},
}

/**
 * Makes the ingress network of a cluster that never had one. One that was removed is left to whoever removed it.
 * @param nowMs milliseconds since the epoch
 */
export function planIngress(view: StateView, nowMs: number, random: Random): Mutation[] {
  const cluster = view.cluster()
  if (!cluster || cluster.Shoal.IngressMade) return []
  const made = put('cluster', { ...cluster, Shoal: { ...cluster.Shoal, IngressMade: true } })
  if (ingressNetwork(view) || view.networkNamed(DEFAULT_INGRESS.Name)) return [made]
  return [made, put('network', newNetwork(view, {}, DEFAULT_INGRESS, { nowMs, random }))]
}
