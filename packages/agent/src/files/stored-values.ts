import type { HostDocument, HostDocumentName, StoredValue } from '@shoal/engine-api'
import { hostDocumentKey } from '@shoal/engine-api'
import type { DocumentHandler } from '../session/ports.js'
import type { WantedFile } from './wanted.js'

function isStoredValue({ kind }: HostDocumentName): boolean {
  return kind === 'secret' || kind === 'config'
}

/** Sends secrets and configs to `values`, which holds them in memory, and all other documents to `others`. */
export function apart(values: StoredValues, others: DocumentHandler): DocumentHandler {
  const notValues = <Name extends HostDocumentName>(names: readonly Name[]): Name[] =>
    names.filter((name) => !isStoredValue(name))
  return {
    replaceAll(documents) {
      values.replaceAll(documents.filter(isStoredValue))
      return others.replaceAll(notValues(documents))
    },
    change(put, removed) {
      values.change(put.filter(isStoredValue), removed.filter(isStoredValue))
      const [otherPut, otherRemoved] = [notValues(put), notValues(removed)]
      return otherPut.length + otherRemoved.length > 0 ? others.change(otherPut, otherRemoved) : undefined
    },
  }
}

/** The secrets and configs that managers have sent: those of the tasks of this node, no others. */
export class StoredValues implements DocumentHandler {
  readonly #values = new Map<string, StoredValue>()
  readonly #waiting = new Set<() => void>()

  replaceAll(documents: readonly HostDocument[]): void {
    this.#values.clear()
    this.change(documents, [])
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): void {
    for (const document of put)
      if (document.kind === 'secret' || document.kind === 'config')
        this.#values.set(hostDocumentKey(document), document.body)
    for (const name of removed) this.#values.delete(hostDocumentKey(name))
    for (const look of this.#waiting) look()
  }

  get({ kind, id }: Pick<WantedFile, 'kind' | 'id'>): StoredValue | undefined {
    return this.#values.get(hostDocumentKey({ kind, id }))
  }

  /**
   * Resolves when all of them have come.
   * @throws the reason of `signal` when it aborts before
   */
  arrived(files: readonly WantedFile[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(look)
        signal.removeEventListener('abort', abort)
      }
      const look = (): void => {
        if (!files.every((file) => this.get(file))) return
        end()
        resolve()
      }
      const abort = (): void => {
        end()
        reject(signal.reason as Error)
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(look)
      look()
    })
  }
}
