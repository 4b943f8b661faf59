import { ShoalError } from '@shoal/common'
import type { Lease, Operation } from './contract.js'

interface Grant {
  readonly lease: Lease
  readonly keys: Set<string>
  readonly lost: AbortController
}

/** The leases of a store in this process: they live as long as the process, unless they are ended. */
export class LocalLeases {
  readonly #grants = new Map<string, Grant>()
  readonly #holderOf = new Map<string, Grant>()
  #sequence = 0

  /** @param revoke ends the lease (by `end`) and removes its keys from the store */
  grant(revoke: (id: string) => Promise<void>): Lease {
    const lost = new AbortController()
    const id = String(++this.#sequence)
    const lease: Lease = { id, lost: lost.signal, revoke: () => revoke(id) }
    this.#grants.set(id, { lease, keys: new Set(), lost })
    return lease
  }

  /** @throws ShoalError `failed-precondition` when an operation names a lease that has ended */
  check(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const lease = operation.type === 'put' ? operation.lease : undefined
      if (lease !== undefined && this.#grants.get(lease.id)?.lease !== lease) {
        throw new ShoalError('failed-precondition', `the lease of the key ${operation.key} has ended`)
      }
    }
  }

  /** Notes which lease the keys hang on after a commit: the latest put decides. */
  record(operations: readonly Operation[]): void {
    for (const operation of operations) {
      // Nearly no key hangs on a lease.
      if (this.#holderOf.size === 0 && !(operation.type === 'put' && operation.lease)) continue
      this.#holderOf.get(operation.key)?.keys.delete(operation.key)
      this.#holderOf.delete(operation.key)
      const grant = operation.type === 'put' && operation.lease && this.#grants.get(operation.lease.id)
      if (!grant) continue
      grant.keys.add(operation.key)
      this.#holderOf.set(operation.key, grant)
    }
  }

  /** Ends a lease, tells its holder, and returns the keys that must go. */
  end(id: string): readonly string[] {
    const grant = this.#grants.get(id)
    if (grant === undefined) return []
    this.#grants.delete(id)
    for (const key of grant.keys) this.#holderOf.delete(key)
    grant.lost.abort(new ShoalError('failed-precondition', 'the lease has ended'))
    return [...grant.keys]
  }
}
