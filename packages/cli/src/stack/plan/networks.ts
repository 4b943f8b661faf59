import { ShoalError } from '@shoal/common/errors'
import type { Network, NetworkCreate } from '@shoal/engine-api'
import { NAMESPACE_LABEL } from '../convert/names.js'
import type { DesiredStack } from '../convert/stack.js'
import { conflict } from './conflict.js'
import { changedFields } from './fields.js'
import type { Observed } from './observed.js'
import type { Step } from './step.js'

/** The cluster shows here what it chose. */
const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list'

/**
 * The networks that a deploy makes.
 * @throws failed-precondition for one that would have to change, which no network can
 */
export function planNetworks({ stack, networks, external }: DesiredStack, observed: Observed): Step[] {
  const known = new Map(observed.networks.map((network) => [network.Name, network]))
  for (const name of external.network) {
    const network = known.get(name)
    if (network === undefined)
      throw new ShoalError('not-found', `network ${name} is declared as external, and does not exist`)
  }
  return networks.flatMap((network): Step[] => {
    const present = known.get(network.Name ?? '')
    if (present === undefined) return [{ kind: 'create-network', network }]
    if (present.Labels?.[NAMESPACE_LABEL] !== stack) throw conflict('network', present.Name, stack)
    const fields = changedFields(comparable(present, network), comparable(network, network))
    if (fields.length === 0) return []
    const names = fields.map(({ path }) => path).join(', ')
    throw new ShoalError(
      'failed-precondition',
      `network ${present.Name} would change (${names}), and networks cannot be changed: remove it, or give the new one another name`,
    )
  })
}

/** Without what the cluster chose by itself: only what the stack says is compared. */
function comparable(network: Network | NetworkCreate, desired: NetworkCreate): object {
  const { Driver, Internal, Attachable, Labels, Options, IPAM } = network
  const wanted = desired.IPAM?.Config ?? []
  return {
    Driver,
    Internal,
    Attachable,
    Labels: Labels ?? {},
    Options: Object.fromEntries(
      Object.entries(Options ?? {}).filter(
        ([key]) => key !== VNI_OPTION || VNI_OPTION in (desired.Options ?? {}),
      ),
    ),
    IPAM: wanted.map((config, index) => {
      const present: Record<string, unknown> = { ...IPAM?.Config?.[index] }
      return Object.fromEntries(Object.keys(config).map((key) => [key, present[key]]))
    }),
  }
}
