import type { AttachedNetwork, Network } from '@shoal/engine-api'
import type { NetworkRecord } from '../../state/records.js'

/** The networks that every engine has of its own. Their IDs are their names, in every cluster. */
const PREDEFINED: Readonly<Record<string, string>> = { bridge: 'bridge', host: 'host', none: 'null' }

/** @param reference a name or an ID @returns the network's ID; undefined when it is not one of the engines' own */
export function predefinedNetwork(reference: string): string | undefined {
  return Object.hasOwn(PREDEFINED, reference) ? reference : undefined
}

export function predefinedNetworks(): string[] {
  return Object.keys(PREDEFINED)
}

/** @param scope `swarm` as services see it, `local` as an engine lists it */
export function predefinedAnswer(name: string, scope: 'swarm' | 'local'): Network {
  return {
    Name: name,
    Id: name,
    Created: '1970-01-01T00:00:00Z',
    Scope: scope,
    Driver: PREDEFINED[name] ?? '',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  }
}

/** Under this option Docker shows the VXLAN network identifier of an overlay. */
const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list'

/** A network of the cluster as clients see it. Containers are on nodes: the manager knows of none. */
export function networkAnswer({ ID, CreatedAt, Spec, Shoal }: NetworkRecord): Network {
  return {
    Name: Spec.Name,
    Id: ID,
    Created: CreatedAt,
    Scope: 'swarm',
    Driver: Spec.Driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: Spec.IPAM,
    Internal: Spec.Internal,
    Attachable: Spec.Attachable,
    Ingress: Spec.Ingress,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: null,
    Options: { [VNI_OPTION]: String(Shoal.Vni), ...Spec.Options },
    Labels: Spec.Labels,
  }
}

/** The same as tasks tell of it. */
export function attachedNetwork({ Spec, Shoal, ...meta }: NetworkRecord): AttachedNetwork {
  const { Internal, Attachable, Ingress } = Spec
  const IPAMOptions = { Driver: { Name: Spec.IPAM.Driver }, Configs: Spec.IPAM.Config }
  return {
    ...meta,
    Spec: {
      Name: Spec.Name,
      Labels: Spec.Labels,
      DriverConfiguration: { Name: Spec.Driver, Options: Spec.Options },
      ...(Internal && { Internal }),
      ...(Attachable && { Attachable }),
      ...(Ingress && { Ingress }),
      IPAMOptions,
      Scope: 'swarm',
    },
    DriverState: { Name: Spec.Driver, Options: { [VNI_OPTION]: String(Shoal.Vni) } },
    IPAMOptions,
  }
}
