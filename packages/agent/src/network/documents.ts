import type { EndpointSet, HostDocument, HostDocumentName, NetworkPeer, NodeNetwork } from '@shoal/engine-api'

/** What the manager has told of the network, by kind and name. */
export class Documents {
  networks = new Map<string, NodeNetwork>()
  peers = new Map<string, NetworkPeer>()
  services = new Map<string, EndpointSet>()

  replaceAll(documents: readonly HostDocument[]): void {
    for (const map of [this.networks, this.peers, this.services]) map.clear()
    this.change(documents, [])
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): void {
    for (const { kind, id } of removed) this.#mapOf(kind)?.delete(id)
    for (const { kind, id, body } of put) this.#mapOf(kind)?.set(id, body)
  }

  /** Kinds that are not about the network are not kept here. */
  #mapOf(kind: string): Map<string, unknown> | undefined {
    if (kind === 'network') return this.networks
    if (kind === 'peer') return this.peers
    return kind === 'endpoints' ? this.services : undefined
  }
}
