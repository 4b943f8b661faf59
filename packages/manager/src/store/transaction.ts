import { ShoalError } from '@shoal/common'
import { MAX_TRANSACTION_OPERATIONS, type Compare, type Transaction } from './contract.js'

/**
 * Refuses what no backend takes, so that all of them refuse it alike.
 * @throws ShoalError `invalid-argument`
 */
export function checkTransaction({ compares, operations }: Transaction): void {
  if (operations.length > MAX_TRANSACTION_OPERATIONS || compares.length > MAX_TRANSACTION_OPERATIONS) {
    throw new ShoalError(
      'invalid-argument',
      `a transaction takes ${MAX_TRANSACTION_OPERATIONS} compares and as many operations, ` +
        `not ${compares.length} and ${operations.length}`,
    )
  }
  const keys = new Set<string>()
  for (const { key } of operations) {
    if (key === '') throw new ShoalError('invalid-argument', 'a key must not be empty')
    if (keys.has(key)) throw new ShoalError('invalid-argument', `two operations name the key ${key}`)
    keys.add(key)
  }
}

/** @param revisionOf the revision of a key's last write; 0 for a key that does not exist */
export function comparesHold(compares: readonly Compare[], revisionOf: (key: string) => number): boolean {
  return compares.every(({ key, revision }) => revisionOf(key) === revision)
}
