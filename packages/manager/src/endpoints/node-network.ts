import type { NodeNetwork } from '@shoal/engine-api'
import { gatewayId, type NetworkRecord, type NodeRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { bareAddress } from './addresses.js'

const MTU_OPTION = 'com.docker.network.driver.mtu'
const DEFAULT_DATA_PATH_PORT = 4789

/** What a node is told of a network; undefined as long as it takes no part in it, or cannot be reached by the others. */
export function nodeNetwork(
  view: StateView,
  network: NetworkRecord,
  node: NodeRecord,
): NodeNetwork | undefined {
  const gateway = view.get('gateway', gatewayId(network.ID, node.ID))
  const [pool] = network.Spec.IPAM.Config
  if (!gateway || node.Status.Addr === '' || !pool?.Subnet) return undefined
  const mtu = Number(network.Spec.Options[MTU_OPTION])
  return {
    ID: network.ID,
    Name: network.Spec.Name,
    Subnet: pool.Subnet,
    Gateway: bareAddress(pool.Gateway ?? ''),
    NodeGateway: gateway.Address,
    ...(gateway.IPRange !== undefined && { IPRange: gateway.IPRange }),
    Vni: network.Shoal.Vni,
    DataPathPort: view.cluster()?.Shoal.DataPathPort || DEFAULT_DATA_PATH_PORT,
    NodeAddress: node.Status.Addr,
    ...(mtu > 0 && { Mtu: mtu }),
    Internal: network.Spec.Internal,
    Attachable: network.Spec.Attachable,
    Ingress: network.Spec.Ingress,
  }
}
