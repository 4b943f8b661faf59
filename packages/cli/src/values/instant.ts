import { invalid } from './invalid.js'
import { parseDuration } from './duration.js'

const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000

/**
 * An instant as a user types it: Unix seconds, RFC 3339, or how long ago (`10m`).
 * @param nowMs milliseconds since the epoch
 * @returns Unix seconds, as the API takes them
 * @throws invalid-argument for text that is none of these
 */
export function parseInstant(text: string, nowMs: number): string {
  if (/^\d+(?:\.\d{1,9})?$/.test(text)) return text
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : nowMs - parseDuration(text) / NS_PER_MS
  if (Number.isNaN(atMs)) throw invalid(`invalid time: ${JSON.stringify(text)}`)
  return (atMs / MS_PER_SECOND).toFixed(3)
}
