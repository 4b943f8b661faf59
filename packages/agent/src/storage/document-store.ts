import { appendFile, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, type Logger } from '@shoal/common'
import { hostDocumentKey, type HostDocument, type HostDocumentName } from '@shoal/engine-api'

/** Keeps the documents over restarts of the agent, for the time in which no manager can be asked. */
export interface DocumentStore {
  load(): Promise<HostDocument[]>
  replaceAll(documents: readonly HostDocument[]): Promise<void>
  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void>
}

/** A file with fewer superseded lines than this is not written anew. */
const SUPERSEDED_LINES = 1_000

/**
 * One file, a line per document; changes are added at its end, the later line counts, and a line without a body
 * removes. It is written anew when most of it is superseded. It survives the end of the agent at any moment; what
 * a power cut takes comes again with the next session, as everything does.
 */
export class FileDocumentStore implements DocumentStore {
  readonly #path: string
  readonly #log: Logger
  readonly #documents = new Map<string, HostDocument>()
  /** The lines of the file; undefined: it is not known what the file holds. */
  #lines: number | undefined
  #queue: Promise<void> = Promise.resolve()

  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
  }

  load(): Promise<HostDocument[]> {
    return this.#enqueue(async () => {
      this.#documents.clear()
      const lines = (await this.#read()).split('\n')
      // A write that was cut off leaves a last line that must not become the beginning of the next.
      this.#lines = lines.at(-1) === '' ? lines.length - 1 : undefined
      for (const line of lines) this.#takeLine(line)
      return [...this.#documents.values()]
    })
  }

  replaceAll(documents: readonly HostDocument[]): Promise<void> {
    return this.#enqueue(async () => {
      this.#documents.clear()
      for (const document of documents) this.#documents.set(hostDocumentKey(document), document)
      await this.#rewrite()
    })
  }

  change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> {
    return this.#enqueue(async () => {
      for (const document of put) this.#documents.set(hostDocumentKey(document), document)
      for (const name of removed) this.#documents.delete(hostDocumentKey(name))
      const lines = (this.#lines ?? Infinity) + put.length + removed.length
      if (lines > 2 * this.#documents.size + SUPERSEDED_LINES) return this.#rewrite()
      this.#lines = undefined
      await appendFile(this.#path, textOf([...put, ...removed]), { mode: 0o600 })
      this.#lines = lines
    })
  }

  #enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work)
    this.#queue = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.error({ file: this.#path, reason: messageOf(error) }, 'the documents cannot be read')
      }
      return ''
    }
  }

  #takeLine(line: string): void {
    if (line === '') return
    try {
      const entry = JSON.parse(line) as HostDocument | HostDocumentName
      if ('body' in entry) this.#documents.set(hostDocumentKey(entry), entry)
      else this.#documents.delete(hostDocumentKey(entry))
    } catch {
      this.#log.warn({ file: this.#path }, 'a line of the documents is cut off')
    }
  }

  /** Whoever reads meanwhile, or after a crash, finds the old file or the new one. */
  async #rewrite(): Promise<void> {
    this.#lines = undefined
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const file = await open(`${this.#path}.tmp`, 'w', 0o600)
    try {
      await file.writeFile(textOf([...this.#documents.values()]))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(`${this.#path}.tmp`, this.#path)
    this.#lines = this.#documents.size
  }
}

function textOf(entries: readonly (HostDocument | HostDocumentName)[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}
