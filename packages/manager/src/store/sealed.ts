import { createCipheriv, createDecipheriv } from 'node:crypto'
import { randomOctets, ShoalError, type Random } from '@shoal/common'
import type {
  CommitResult,
  Lease,
  Operation,
  Store,
  StoreSnapshot,
  Transaction,
  WatchBatch,
} from './contract.js'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** In front of a sealed value; JSON never begins so. */
const MARK = 'sealed:1:'

export const SEAL_KEY_BYTES = 32

export interface SealOptions {
  /** SEAL_KEY_BYTES long. Whoever has the store but not this reads nothing of what is sealed. */
  readonly key: Buffer
  /** Which keys' values are to be sealed. Others, and what was written in clear before, are read as they are. */
  readonly isConfidential: (key: string) => boolean
  readonly random: Random
}

/**
 * A store whose confidential values are encrypted (AES-256-GCM, a random nonce for each value) before they reach the
 * store beneath. A value is bound to its key: it cannot be moved to another one.
 */
export class SealedStore implements Store {
  readonly #store: Store
  readonly #options: SealOptions

  constructor(store: Store, options: SealOptions) {
    this.#store = store
    this.#options = options
  }

  /** @throws ShoalError `failed-precondition` for a value that was sealed with another key, or was changed */
  async snapshot(prefix: string): Promise<StoreSnapshot> {
    const { revision, entries } = await this.#store.snapshot(prefix)
    return {
      revision,
      entries: entries.map((entry) => ({ ...entry, value: this.#open(entry.key, entry.value) })),
    }
  }

  async *watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    for await (const batch of this.#store.watch(prefix, afterRevision, signal)) {
      yield batch.type === 'compacted'
        ? batch
        : {
            ...batch,
            events: batch.events.map((event) =>
              event.type === 'put' ? { ...event, value: this.#open(event.key, event.value) } : event,
            ),
          }
    }
  }

  commit({ compares, operations }: Transaction): Promise<CommitResult> {
    return this.#store.commit({ compares, operations: operations.map((one) => this.#seal(one)) })
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#store.grantLease(ttlMs)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #seal(operation: Operation): Operation {
    const { key, random, isConfidential } = this.#options
    if (operation.type === 'delete' || !isConfidential(operation.key)) return operation
    const nonce = randomOctets(random, NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(operation.key))
    const text = Buffer.concat([cipher.update(operation.value, 'utf8'), cipher.final()])
    const value = MARK + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
    return { ...operation, value }
  }

  #open(key: string, value: string): string {
    if (!value.startsWith(MARK)) return value
    const bytes = Buffer.from(value.slice(MARK.length), 'base64')
    try {
      const decipher = createDecipheriv(CIPHER, this.#options.key, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(key))
        .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([text, decipher.final()]).toString('utf8')
    } catch (error) {
      throw new ShoalError(
        'failed-precondition',
        `the store's ${key} cannot be read: it was sealed with a key that this manager does not have`,
        error,
      )
    }
  }
}
