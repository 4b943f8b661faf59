import type { DocumentStore } from '@shoal/agent/storage/document-store'
import { MemoryAssignmentStore } from '@shoal/agent/storage/memory-store'
import { hostDocumentKey, type HostDocument, type HostDocumentName } from '@shoal/engine-api'

/** What an agent keeps on disk: it outlives the agent, but not the host's membership. */
export class Disk {
  readonly assignments = new MemoryAssignmentStore()
  readonly documents: DocumentStore = new MemoryDocuments()
}

class MemoryDocuments implements DocumentStore {
  readonly #documents = new Map<string, HostDocument>()

  load(): Promise<HostDocument[]> {
    return Promise.resolve([...this.#documents.values()])
  }

  replaceAll(documents: readonly HostDocument[]): Promise<void> {
    this.#documents.clear()
    return this.change(documents, [])
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> {
    for (const document of put) this.#documents.set(hostDocumentKey(document), document)
    for (const name of removed) this.#documents.delete(hostDocumentKey(name))
    return Promise.resolve()
  }
}
