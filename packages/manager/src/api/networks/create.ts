import { type Random, ShoalError } from '@shoal/common'
import type { NetworkCreate } from '@shoal/engine-api'
import { type AddressBook, ingressNetwork, newNetwork, type NetworkWish } from '../../allocator/index.js'
import { put, type Mutation } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { predefinedNetwork } from '../answers/networks.js'
import { swarmError } from '../errors.js'

const PREDEFINED_LABEL = 'com.docker.swarm.predefined'

export interface CreateNetworkOrder {
  /** Checked. */
  readonly create: NetworkCreate
  readonly random: Random
  readonly nowMs: number
}

/**
 * A new network, with its subnet, gateway and VXLAN network identifier.
 * @returns the mutations and the ID
 * @throws ShoalError `already-exists` (the name, or there is an ingress network), `permission-denied` (a predefined
 *   name or label, overlapping subnets), `failed-precondition` (the pools are used up)
 */
export function planCreateNetwork(
  state: StateView,
  book: Pick<AddressBook, 'latest'>,
  { create, random, nowMs }: CreateNetworkOrder,
): { mutations: readonly Mutation[]; result: string } {
  const wish = wishOf(create)
  if (predefinedNetwork(wish.Name) !== undefined) {
    throw new ShoalError('permission-denied', `operation is not permitted on predefined ${wish.Name} network`)
  }
  if (state.networkNamed(wish.Name)) {
    throw new ShoalError('already-exists', `network with name ${wish.Name} already exists`)
  }
  if (Object.hasOwn(wish.Labels, PREDEFINED_LABEL)) {
    throw swarmError(
      'permission-denied',
      `label ${PREDEFINED_LABEL} is for internally created predefined networks and cannot be applied by users`,
    )
  }
  const ingress = wish.Ingress ? ingressNetwork(state) : undefined
  if (ingress) throw swarmError('already-exists', `ingress network (${ingress.ID}) is already present`)
  const network = newNetwork(state, book.latest.network, wish, { nowMs, random })
  return { mutations: [put('network', network)], result: network.ID }
}

function wishOf(create: NetworkCreate): NetworkWish {
  return {
    Name: create.Name ?? '',
    Driver: 'overlay',
    Internal: create.Internal ?? false,
    Attachable: create.Attachable ?? false,
    Ingress: create.Ingress ?? false,
    IPAM: { Driver: 'default', Options: null, Config: create.IPAM?.Config ?? [] },
    Options: create.Options ?? {},
    Labels: create.Labels ?? {},
  }
}
