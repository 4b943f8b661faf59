import type { EndpointSet, NetworkPeer, NodeNetwork } from '@shoal/engine-api'

/** An address that a task of this host has, from before its container exists until that is gone. */
export interface LocalAddress {
  readonly networkId: string
  readonly address: string
}

/** Everything that the network of this host follows from. */
export interface HostView {
  /** By their IDs, in a fixed order. */
  readonly networks: ReadonlyMap<string, NodeNetwork>
  /** By the documents' names. */
  readonly peers: ReadonlyMap<string, NetworkPeer>
  /** By the services' IDs. */
  readonly services: ReadonlyMap<string, EndpointSet>
  readonly local: readonly LocalAddress[]
  /** The MTU, in bytes, of the device that has this address of the host. */
  readonly underlayMtu: (address: string) => number
  /** Ports (`tcp/22`) that a program of the host itself listens on: they are left to it. */
  readonly hostPorts: ReadonlySet<string>
}
