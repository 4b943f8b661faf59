import type { NetworkRecord } from '../records.js'

/** An overlay network, named like its ID. @param subnet CIDR; the gateway is its first address */
export function aNetwork(
  id: string,
  subnet: string,
  changes: Partial<NetworkRecord['Spec']> = {},
): NetworkRecord {
  const [address = ''] = subnet.split('/')
  return {
    ID: id,
    Version: { Index: 0 },
    CreatedAt: '2026-01-01T00:00:00.000Z',
    UpdatedAt: '2026-01-01T00:00:00.000Z',
    Spec: {
      Name: id,
      Driver: 'overlay',
      Internal: false,
      Attachable: false,
      Ingress: false,
      IPAM: {
        Driver: 'default',
        Options: null,
        Config: [{ Subnet: subnet, Gateway: address.replace(/\d+$/, (last) => String(Number(last) + 1)) }],
      },
      Options: {},
      Labels: {},
      ...changes,
    },
    Shoal: { Vni: 4097 },
  }
}
