import { messageOf, type Logger } from '@shoal/common'
import type { HostDocument, HostDocumentName } from '@shoal/engine-api'
import type { DocumentHandler } from '../session/ports.js'
import type { DocumentStore } from './document-store.js'

/**
 * Writes documents to disk on their way to who puts them in force. The disk holds nobody up: one that refuses costs
 * only that a restart without a manager finds older documents. Invariant: the handler is called once at a time.
 */
export class KeptDocuments implements DocumentHandler {
  readonly #store: DocumentStore
  readonly #handler: DocumentHandler
  readonly #log: Logger
  #queue: Promise<void> = Promise.resolve()
  #givenUp = false

  constructor(store: DocumentStore, handler: DocumentHandler, log: Logger) {
    this.#store = store
    this.#handler = handler
    this.#log = log
  }

  /**
   * Reads what is on disk and begins to put it in force: for the start, before a manager is asked. When there is
   * nothing, or it cannot be read, nothing is concluded: what this host has in force may be needed.
   */
  async takeUp(): Promise<void> {
    const documents = await this.#store.load()
    this.#log.info({ documents: documents.length }, 'documents taken up from disk')
    if (documents.length === 0) return
    this.#enqueue(() => this.#handler.replaceAll(documents)).catch((error: unknown) =>
      this.#log.warn({ reason: messageOf(error) }, 'the network is not as it was'),
    )
  }

  async replaceAll(documents: readonly HostDocument[]): Promise<void> {
    if (this.#givenUp) return
    this.#keep(this.#store.replaceAll(documents))
    await this.#enqueue(() => this.#handler.replaceAll(documents))
  }

  async change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> {
    if (this.#givenUp) return
    this.#keep(this.#store.change(put, removed))
    await this.#enqueue(() => this.#handler.change(put, removed))
  }

  /** The node leaves: nothing is in force any more, whatever a manager still sends. */
  async giveUp(): Promise<void> {
    const cleared = this.replaceAll([])
    this.#givenUp = true
    await cleared
  }

  #enqueue(work: () => Promise<void> | void): Promise<void> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }

  #keep(write: Promise<void>): void {
    write.catch((error: unknown) =>
      this.#log.error({ reason: messageOf(error) }, 'documents could not be kept'),
    )
  }
}
