/** Durations, sizes and dates in docker's words. */

const MINUTE_MS = 60_000

/** A length of time in round words, as docker's CLI says it (`About a minute`, `3 hours`). */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(ms / MINUTE_MS)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(ms / (60 * MINUTE_MS))
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}

/** How long ago an RFC 3339 instant was: `3 minutes ago`. */
export function ago(timestamp: string | undefined, nowMs: number): string {
  const at = Date.parse(timestamp ?? '')
  if (Number.isNaN(at)) return ''
  return `${humanDuration(Math.max(0, nowMs - at)).toLowerCase()} ago`
}

/** An amount of bytes in powers of 1024, four figures: `23.54GiB`. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`
}

/** A duration of a document, nanoseconds, as Go prints it: `1m30s`, `500ms`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  const sign = nanoseconds < 0 ? '-' : ''
  const amount = Math.abs(nanoseconds)
  if (amount < 1e3) return `${sign}${amount}ns`
  if (amount < 1e6) return `${sign}${trimmed(amount / 1e3)}µs`
  if (amount < 1e9) return `${sign}${trimmed(amount / 1e6)}ms`
  const hours = Math.floor(amount / 3600e9)
  const minutes = Math.floor((amount % 3600e9) / 60e9)
  const seconds = trimmed((amount % 60e9) / 1e9)
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)))
}

/** An instant as docker's pretty printers write it: `2026-01-02 03:04:05.678 +0000 utc`. */
export function prettyDate(timestamp: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)Z$/.exec(timestamp)
  return parts ? `${parts[1]} ${parts[2]} +0000 utc` : timestamp
}

/** The first letter in upper case. */
export function capitalised(text: string): string {
  return text === '' ? '' : text[0]?.toUpperCase() + text.slice(1)
}

/** At most `length` characters; what is longer ends in `…`. */
export function ellipsis(text: string, length: number): string {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}
