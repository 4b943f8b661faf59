import { mkdir } from 'node:fs/promises'
import { messageOf, ShoalError } from '@shoal/common'
import { ClassicLevel, type BatchOperation } from 'classic-level'
import type {
  CommitResult,
  Entry,
  Lease,
  Operation,
  Store,
  StoreEvent,
  StoreSnapshot,
  Transaction,
  WatchBatch,
} from './contract.js'
import { History } from './history.js'
import { LocalLeases } from './local-leases.js'
import { FIRST_REVISION } from './memory.js'
import { checkTransaction, comparesHold } from './transaction.js'

/** The store's own entries begin with another letter than the users'. */
const DATA = 'd'
const REVISION_KEY = 'm:revision'

type Batch = BatchOperation<ClassicLevel, string, string>[]

/** What one write changes. */
interface Change {
  readonly operations: readonly Operation[]
  /** Without deletions of what is not there; not empty. */
  readonly effective: readonly Operation[]
  readonly revision: number
}

/**
 * A store in a folder of this host, for one manager: LevelDB, written with fsync. What is in the folder is
 * `d<key>` → `<revision> <0|1: hangs on a lease> <value>`, and the store's revision.
 *
 * Invariants: one transaction at a time; memory (revisions, history, leases) changes when it is on disk. After a write
 * that failed (a full disk) nothing is read or written before the folder was opened anew, which tells whether it is
 * on disk: every call tries that first.
 */
export class EmbeddedStore implements Store {
  readonly #db: ClassicLevel
  readonly #revisions = new Map<string, number>()
  readonly #leases = new LocalLeases()
  #history = new History(FIRST_REVISION)
  #revision = FIRST_REVISION
  /** The end of the queue of those who want the store for themselves. */
  #turn: Promise<unknown> = Promise.resolve()
  /** The write that failed, of which it is not known whether it is on disk. */
  #doubtful: Change | undefined
  /** Why the store takes no more calls. */
  #ended: ShoalError | undefined

  private constructor(db: ClassicLevel) {
    this.#db = db
  }

  /**
   * Opens the store in `directory`, and makes it if there is none.
   * @throws ShoalError `failed-precondition` when another process has it open, `unavailable` when the folder
   *   cannot be read or written
   */
  static async open(directory: string): Promise<EmbeddedStore> {
    const db = new ClassicLevel(directory, { keyEncoding: 'utf8', valueEncoding: 'utf8' })
    try {
      // It holds the key of the cluster's certificate authority.
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await db.open()
      const store = new EmbeddedStore(db)
      await store.#load()
      return store
    } catch (error) {
      // Else a store that opened and could not be read would keep its lock.
      await db.close()
      throw toOpenError(directory, error)
    }
  }

  snapshot(prefix: string): Promise<StoreSnapshot> {
    return this.#exclusively(async () => {
      const entries: Entry[] = []
      for await (const [dataKey, text] of this.#db.iterator({ gte: DATA + prefix })) {
        if (!dataKey.startsWith(DATA + prefix)) break
        const { value, revision } = parse(text)
        entries.push({ key: dataKey.slice(DATA.length), value, revision })
      }
      return { revision: this.#revision, entries }
    })
  }

  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    return this.#history.watch(prefix, afterRevision, signal)
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    checkTransaction(transaction)
    return this.#exclusively(async () => {
      if (!comparesHold(transaction.compares, (key) => this.#revisions.get(key) ?? 0)) {
        return { committed: false }
      }
      this.#leases.check(transaction.operations)
      await this.#write(transaction.operations)
      return { committed: true, revision: this.#revision }
    })
  }

  async grantLease(_ttlMs: number): Promise<Lease> {
    if (this.#ended) throw this.#ended
    return this.#leases.grant((id) =>
      this.#exclusively(() => this.#write(this.#leases.end(id).map(toDelete))),
    )
  }

  async close(): Promise<void> {
    const closing = this.#turn.then(async () => {
      this.#ended ??= new ShoalError('unavailable', 'the store is closed')
      this.#history.close()
      await this.#db.close()
    })
    this.#turn = closing.catch(() => undefined)
    await closing
  }

  /** Forgets what happened up to and including `revision`: watches from before then are told `compacted`. */
  compact(revision: number): void {
    this.#history.compact(revision)
  }

  async #load(): Promise<void> {
    this.#revision = Number((await this.#db.get(REVISION_KEY)) ?? FIRST_REVISION)
    this.#history = new History(this.#revision)
    const leftOver: string[] = []
    for await (const [dataKey, text] of this.#db.iterator({ gte: DATA })) {
      if (!dataKey.startsWith(DATA)) break
      const key = dataKey.slice(DATA.length)
      const { revision, leased } = parse(text)
      this.#revisions.set(key, revision)
      if (leased) leftOver.push(key)
    }
    // Leases end with their process, and that process is gone: this one holds the lock.
    await this.#write(leftOver.map(toDelete))
  }

  async #write(operations: readonly Operation[]): Promise<void> {
    const revision = this.#revision + 1
    const effective = operations.filter(({ type, key }) => type === 'put' || this.#revisions.has(key))
    if (effective.length === 0) return this.#leases.record(operations)
    const change = { operations, effective, revision }
    await this.#writeToDisk(change)
    this.#remember(change)
  }

  async #writeToDisk(change: Change): Promise<void> {
    const { effective, revision } = change
    const batch: Batch = effective.map((operation) =>
      operation.type === 'put'
        ? { type: 'put', key: DATA + operation.key, value: format(operation, revision) }
        : { type: 'del', key: DATA + operation.key },
    )
    batch.push({ type: 'put', key: REVISION_KEY, value: String(revision) })
    try {
      await this.#db.batch(batch, { sync: true })
    } catch (error) {
      this.#doubtful = change
      throw cannotWrite(error)
    }
  }

  /** It is on disk. */
  #remember({ operations, effective, revision }: Change): void {
    for (const { type, key } of effective) {
      if (type === 'put') this.#revisions.set(key, revision)
      else this.#revisions.delete(key)
    }
    this.#revision = revision
    this.#leases.record(operations)
    this.#history.append(
      revision,
      effective.map((operation) => toEvent(operation, revision)),
    )
  }

  /** LevelDB writes nothing more after a failure until it is opened anew, and then knows what is on disk. */
  async #reopen(doubtful: Change): Promise<void> {
    try {
      await this.#db.close()
      // An empty store in the place of one that has gone would be a lie.
      await this.#db.open({ createIfMissing: false })
      const revision = Number((await this.#db.get(REVISION_KEY)) ?? FIRST_REVISION)
      if (revision === doubtful.revision) this.#remember(doubtful)
      else if (revision !== this.#revision)
        throw new Error(`the folder holds revision ${revision} instead of ${this.#revision}`)
      this.#doubtful = undefined
    } catch (error) {
      throw cannotWrite(error)
    }
  }

  /** Runs `work` when all that were asked for before have ended. */
  #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(async () => {
      if (this.#ended) throw this.#ended
      if (this.#doubtful) await this.#reopen(this.#doubtful)
      return work()
    })
    this.#turn = result.catch(() => undefined)
    return result
  }
}

function toDelete(key: string): Operation {
  return { type: 'delete', key }
}

function toEvent(operation: Operation, revision: number): StoreEvent {
  const { key } = operation
  return operation.type === 'put'
    ? { type: 'put', key, value: operation.value, revision }
    : { type: 'delete', key, revision }
}

function format(
  { value, lease }: { readonly value: string; readonly lease?: Lease },
  revision: number,
): string {
  return `${revision} ${lease ? 1 : 0} ${value}`
}

function parse(text: string): { value: string; revision: number; leased: boolean } {
  const afterRevision = text.indexOf(' ')
  return {
    revision: Number(text.slice(0, afterRevision)),
    leased: text[afterRevision + 1] === '1',
    value: text.slice(afterRevision + 3),
  }
}

function cannotWrite(error: unknown): ShoalError {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return new ShoalError('unavailable', `the embedded store cannot write: ${messageOf(reason)}`, error)
}

function toOpenError(directory: string, error: unknown): ShoalError {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    return new ShoalError(
      'failed-precondition',
      `the store in ${directory} is in use: another manager runs on it`,
      error,
    )
  }
  return new ShoalError(
    'unavailable',
    `the store in ${directory} cannot be opened: ${messageOf(cause ?? error)}`,
    error,
  )
}
