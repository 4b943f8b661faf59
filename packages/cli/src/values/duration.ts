import { invalid } from './invalid.js'

const NANOSECONDS_PER_UNIT: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/**
 * A duration as Go writes it (`1h30m`, `1.5s`, `-200ms`).
 * @returns nanoseconds
 * @throws invalid-argument for text that is none
 */
export function parseDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return 0
  if (body === '') throw invalid(`time: invalid duration ${JSON.stringify(text)}`)
  let rest = body
  let nanoseconds = 0
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([a-zµμ]*)/.exec(rest)
    if (!part?.[1]) throw invalid(`time: invalid duration ${JSON.stringify(text)}`)
    const unit = part[2] ?? ''
    if (unit === '') throw invalid(`time: missing unit in duration ${JSON.stringify(text)}`)
    const factor = NANOSECONDS_PER_UNIT[unit]
    if (factor === undefined)
      throw invalid(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    nanoseconds += Number(part[1]) * factor
    rest = rest.slice(part[0].length)
  }
  return sign * Math.round(nanoseconds)
}

/** Like `parseDuration`, and refuses a negative one. */
export function parsePositiveDuration(text: string): number {
  const nanoseconds = parseDuration(text)
  if (nanoseconds < 0) throw invalid('duration cannot be negative')
  return nanoseconds
}
