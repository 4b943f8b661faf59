import { messageOf, ShoalError } from '@shoal/common'
import type { Kind, Records } from './records.js'

/** @param record as the store holds it: without its version, which is the revision of its key */
export function encode(record: Omit<Records[Kind], 'Version'> & { readonly Version: undefined }): string {
  const text = JSON.stringify(record)
  // The engine puts it together from pieces, and keeps them until somebody looks inside.
  text.charCodeAt(0)
  return text
}

/**
 * @param revision of the record's key
 * @throws ShoalError `internal` for text that is no record
 */
export function decode<K extends Kind>(_kind: K, key: string, text: string, revision: number): Records[K] {
  try {
    const stored = JSON.parse(text) as Omit<Records[K], 'Version'>
    return { ...stored, Version: { Index: revision } } as Records[K]
  } catch (error) {
    throw new ShoalError('internal', `the store's key ${key} holds no record: ${messageOf(error)}`, error)
  }
}
