import { ShoalError } from '@shoal/common'
import type { Endpoint, ServiceSpec } from '@shoal/engine-api'
import type { NetworkRecord, ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { AddressBook } from './book.js'
import type { Reserved } from './decide.js'
import { networksOf } from './needs.js'
import { publishedPorts } from './ports.js'

export interface EndpointOrder {
  readonly serviceId: string
  /** The service as it was, when it is updated. */
  readonly service?: ServiceRecord
  /** As the store will keep it: networks stand in it by their IDs. */
  readonly spec: ServiceSpec
  /** Where VIPs come from. */
  readonly reserved: Reserved
  readonly book: Pick<AddressBook, 'latest'>
}

/**
 * How a service is reached: its VIP on every network, the ingress network included, and the numbers of its published
 * ports. What it had before it keeps.
 * @throws ShoalError `failed-precondition` when a network has no address left, or no port is left; `not-found` for a
 *   network that is gone
 */
export function planEndpoint(view: StateView, order: EndpointOrder): Endpoint {
  const { spec, service, serviceId, book } = order
  const Spec = spec.EndpointSpec ?? { Mode: 'vip' }
  const before = [...(service?.Endpoint.Ports ?? []), ...(service?.Shoal.PreviousEndpoint?.Ports ?? [])]
  const Ports = publishedPorts(view, { id: serviceId, before }, Spec.Ports ?? [], book.latest.port)
  const VirtualIPs = virtualIps(view, order)
  return { Spec, ...(Ports.length > 0 && { Ports }), ...(VirtualIPs.length > 0 && { VirtualIPs }) }
}

function virtualIps(
  view: StateView,
  { spec, service, reserved }: EndpointOrder,
): Required<Endpoint>['VirtualIPs'] {
  if (spec.EndpointSpec?.Mode === 'dnsrr') return []
  const networks = networksOf(view, spec)
  if ('reason' in networks) throw new ShoalError('not-found', networks.reason)
  const known = [
    ...(service?.Endpoint.VirtualIPs ?? []),
    ...(service?.Shoal.PreviousEndpoint?.VirtualIPs ?? []),
  ]
  return networks.map((network) => {
    const kept = known.find(({ NetworkID }) => NetworkID === network.ID)
    const Addr = kept?.Addr ?? reserved.takeCidr(network.ID)
    if (Addr === undefined) throw noVip(network)
    return { NetworkID: network.ID, Addr }
  })
}

function noVip({ Spec }: NetworkRecord): ShoalError {
  return new ShoalError(
    'failed-precondition',
    `could not find an available IP while allocating VIP on the network ${Spec.Name} (${Spec.IPAM.Config[0]?.Subnet})`,
  )
}
