import type { EndpointSet, HostDocument, HostDocumentName, NetworkPeer, NodeNetwork } from '@shoal/engine-api'

interface Kinds {
  readonly network: ReadonlyMap<string, NodeNetwork>
  readonly peer: ReadonlyMap<string, NetworkPeer>
  readonly endpoints: ReadonlyMap<string, EndpointSet>
}

const KINDS = ['network', 'peer', 'endpoints'] as const satisfies readonly (keyof Kinds)[]

/**
 * What the manager has told of the network, by kind and name. Kinds that are not about the network are not kept here.
 * A map that changes is replaced: who finds the one that he has seen before need not look into it.
 */
export class Documents {
  #maps: Kinds = { network: new Map(), peer: new Map(), endpoints: new Map() }

  get networks(): Kinds['network'] {
    return this.#maps.network
  }

  get peers(): Kinds['peer'] {
    return this.#maps.peer
  }

  get services(): Kinds['endpoints'] {
    return this.#maps.endpoints
  }

  replaceAll(documents: readonly HostDocument[]): void {
    this.#maps = { network: new Map(), peer: new Map(), endpoints: new Map() }
    this.change(documents, [])
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): void {
    const changed = new Set([...put, ...removed].map(({ kind }) => kind))
    for (const kind of KINDS) {
      if (!changed.has(kind)) continue
      const map = new Map<string, unknown>(this.#maps[kind])
      for (const document of removed) if (document.kind === kind) map.delete(document.id)
      for (const document of put) if (document.kind === kind) map.set(document.id, document.body)
      this.#maps = { ...this.#maps, [kind]: map }
    }
  }
}
