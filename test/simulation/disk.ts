import type { AssignmentStore } from '@shoal/agent/storage/assignment-store'
import type { DocumentStore } from '@shoal/agent/storage/document-store'
import { MemoryAssignmentStore } from '@shoal/agent/storage/memory-store'
import { hostDocumentKey, type HostDocument, type HostDocumentName } from '@shoal/engine-api'
import type { Dice } from './dice.js'
import type { SimProcess } from './process.js'

/** How a host's disk does at the moment. Removals succeed on a full one. */
export interface Medium {
  isFull: boolean
  /** How long a write takes at most, in milliseconds; who dies meanwhile may have written or not. */
  slowness: number
}

/** What an agent keeps on disk: it outlives the agent, but not the host's membership. */
export class Disk {
  readonly #medium: Medium
  readonly #dice: Dice
  readonly #assignments = new MemoryAssignmentStore()
  readonly #documents = new MemoryDocuments()

  constructor(medium: Medium, dice: Dice) {
    this.#medium = medium
    this.#dice = dice
  }

  /** The assignments, as one process of the agent reads and writes them. */
  assignmentsFor(process: SimProcess): AssignmentStore {
    const assignments = this.#assignments
    return {
      load: () => assignments.load(),
      put: (records) => this.#write(process, () => assignments.put(records)),
      remove: (taskIds) => this.#write(process, () => assignments.remove(taskIds), { removes: true }),
    }
  }

  /** The documents, as one process of the agent reads and writes them. */
  documentsFor(process: SimProcess): DocumentStore {
    const documents = this.#documents
    return {
      load: () => documents.load(),
      replaceAll: (all) => this.#write(process, () => documents.replaceAll(all)),
      change: (put, removed) => this.#write(process, () => documents.change(put, removed)),
    }
  }

  async #write(process: SimProcess, work: () => Promise<void>, { removes = false } = {}): Promise<void> {
    const { slowness } = this.#medium
    if (slowness > 0) await process.delay(this.#dice.between(0, slowness / 2))
    // The medium is asked when it is written to: it may have filled up on the way.
    if (this.#medium.isFull && !removes) throw new Error('ENOSPC: no space left on device, write')
    await work()
    if (slowness > 0) await process.delay(this.#dice.between(0, slowness / 2))
  }
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
