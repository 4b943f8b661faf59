import { fromTimestamp, ShoalError } from '@shoal/common'

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/

/**
 * A time as Docker's filters give it: seconds since the epoch, RFC 3339, or a duration before now (`24h`).
 * @returns milliseconds since the epoch @throws ShoalError `invalid-argument`
 */
export function instantOf(text: string, nowMs: number): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  if (DURATION.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
    return (
      nowMs - parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0), 0)
    )
  }
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? fromTimestamp(text) : Number.NaN
  if (Number.isNaN(at)) {
    throw new ShoalError(
      'invalid-argument',
      `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    )
  }
  return at
}
