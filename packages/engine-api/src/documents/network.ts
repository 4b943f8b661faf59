import Type, { type Static } from 'typebox'
import type { ObjectVersion } from './scalars.js'
import { StringMap } from './scalars.js'

export const IPAMConfig = Type.Object({
  /** CIDR, `10.0.1.0/24`. */
  Subnet: Type.Optional(Type.String()),
  /** CIDR within the subnet: addresses of tasks come from here only. */
  IPRange: Type.Optional(Type.String()),
  Gateway: Type.Optional(Type.String()),
  AuxiliaryAddresses: Type.Optional(StringMap),
})
export type IPAMConfig = Static<typeof IPAMConfig>

export const IPAM = Type.Object({
  Driver: Type.Optional(Type.String()),
  Options: Type.Optional(StringMap),
  Config: Type.Optional(Type.Array(IPAMConfig)),
})
export type IPAM = Static<typeof IPAM>

/** The body of `POST /networks/create`: what `docker network create` sends. */
export const NetworkCreate = Type.Object({
  Name: Type.Optional(Type.String()),
  /** Deprecated: names are unique here, whatever it says. */
  CheckDuplicate: Type.Optional(Type.Boolean()),
  Driver: Type.Optional(Type.String()),
  Scope: Type.Optional(Type.String()),
  Internal: Type.Optional(Type.Boolean()),
  Attachable: Type.Optional(Type.Boolean()),
  Ingress: Type.Optional(Type.Boolean()),
  ConfigOnly: Type.Optional(Type.Boolean()),
  ConfigFrom: Type.Optional(Type.Object({ Network: Type.Optional(Type.String()) })),
  IPAM: Type.Optional(IPAM),
  EnableIPv4: Type.Optional(Type.Boolean()),
  EnableIPv6: Type.Optional(Type.Boolean()),
  Options: Type.Optional(StringMap),
  Labels: Type.Optional(StringMap),
})
export type NetworkCreate = Static<typeof NetworkCreate>

/** A network of the cluster as it was accepted: every default is filled in, the subnet is chosen. */
export interface NetworkSpec {
  Name: string
  Driver: 'overlay'
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
  IPAM: { Driver: string; Options: StringMap | null; Config: IPAMConfig[] }
  /** The driver's options as the user gave them; `com.docker.network.driver.mtu` is one. */
  Options: StringMap
  Labels: StringMap
}

/** A network as the API answers it. */
export interface Network {
  Name: string
  Id: string
  Created: string
  Scope: string
  Driver: string
  EnableIPv4: boolean
  EnableIPv6: boolean
  IPAM: { Driver: string; Options: StringMap | null; Config: IPAMConfig[] | null }
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
  ConfigFrom: { Network: string }
  ConfigOnly: boolean
  Containers: Record<string, unknown> | null
  Options: StringMap | null
  Labels: StringMap | null
  Peers?: { Name: string; IP: string }[]
  Version?: ObjectVersion
}
