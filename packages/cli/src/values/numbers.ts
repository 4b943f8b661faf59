import { cut, invalid } from './invalid.js'

/** A whole number that is not negative. */
export function parseUint(text: string): number {
  if (!/^\d+$/.test(text)) throw invalid(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw invalid(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`)
  return value
}

/** A whole number. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return value
}

/** A decimal number. */
export function parseFloatNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) {
    throw invalid(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  return value
}

/**
 * An amount of CPUs, a decimal (`0.5`) or a ratio (`1/2`).
 * @returns billionths of a CPU
 */
export function parseCpus(text: string): number {
  const [top, bottom] = cut(text, '/')
  const cpus = decimal(top) / (bottom === undefined ? 1 : decimal(bottom))
  if (!Number.isFinite(cpus)) throw invalid(`failed to parse ${text} as a rational number`)
  const nano = cpus * 1e9
  const whole = Math.round(nano)
  if (Math.abs(nano - whole) > Math.max(1, Math.abs(nano)) * 1e-9) throw invalid('value is too precise')
  return whole
}

function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

const BYTES_PER_UNIT: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
}

/**
 * An amount of memory (`64m`, `1.5GiB`, `512`); all units are powers of 1024, as in docker.
 * @returns bytes
 */
export function parseBytes(text: string): number {
  const parts = /^(\d+\.?\d*|\.\d+) ?([a-z]*)$/i.exec(text)
  const unit = parts?.[2]?.toLowerCase().replace(/^([kmgtp])i?b$/, '$1')
  const factor = unit === undefined ? undefined : BYTES_PER_UNIT[unit]
  if (!parts?.[1]) throw invalid(`invalid size: '${text}'`)
  if (factor === undefined) throw invalid(`invalid suffix: '${parts[2]}'`)
  return Math.floor(Number(parts[1]) * factor)
}
