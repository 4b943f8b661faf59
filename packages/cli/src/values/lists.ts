import { isIP } from 'node:net'
import { cut, invalid } from './invalid.js'

/** A label, `key` or `key=value`. */
export function checkLabel(text: string): string {
  const key = cut(text)[0].replace(/^[ \t]+/, '')
  if (key === '') throw invalid(`invalid label '${text}': empty name`)
  if (/[ \t]/.test(key)) throw invalid(`label '${key}' contains whitespaces`)
  return text
}

/** A variable, `NAME=value`; a bare `NAME` is completed from the environment later. */
export function checkVariable(text: string): string {
  if (cut(text)[0] === '') throw invalid(`invalid environment variable: ${text}`)
  return text
}

/** An IPv4 or IPv6 address. */
export function checkAddress(text: string): string {
  const address = text.trim()
  if (isIP(address) === 0) throw invalid(`IP address is not correctly formatted: ${text}`)
  return address
}

const DOMAIN =
  /^(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))(:?\.(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])))*)\.?\s*$/

/** A DNS search domain; `.` stands for none. */
export function checkSearchDomain(text: string): string {
  const domain = text.trim()
  if (domain === '.') return domain
  const match = /[a-zA-Z]/.test(domain) ? DOMAIN.exec(domain)?.[1] : undefined
  if (match === undefined || match.length >= 255) throw invalid(`${domain} is not a valid domain`)
  return match
}

/** A mapping `host:ip` (or `host=ip`), returned as `host:ip`. */
export function checkHostMapping(text: string): string {
  let [host, address] = cut(text)
  if (address === undefined) [host, address] = cut(text, ':')
  if (address === undefined || host === '' || host.includes(':')) {
    throw invalid(`bad format for add-host: ${JSON.stringify(text)}`)
  }
  const bare = address.replace(/^\[(.+)\]$/, '$1')
  if (bare !== 'host-gateway' && isIP(bare) === 0) {
    throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`)
  }
  return `${host}:${bare}`
}

/** Pairs `key=value` as a map; a key alone has the empty value. */
export function toMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [cut(pair)[0], cut(pair)[1] ?? '']))
}

/** A spread preference, `spread=<descriptor>`. */
export function parsePreference(text: string): { Spread: { SpreadDescriptor: string } } {
  const [strategy, descriptor] = cut(text)
  if (descriptor === undefined || strategy === '') {
    throw invalid('placement preference must be of the format "<strategy>=<arg>"')
  }
  if (strategy !== 'spread') {
    throw invalid(`unsupported placement preference ${strategy} (only spread is supported)`)
  }
  return { Spread: { SpreadDescriptor: descriptor } }
}

/** An amount of a user-defined resource, `kind=number`. */
export function parseGenericResource(text: string): {
  DiscreteResourceSpec: { Kind: string; Value: number }
} {
  const [kind, amount] = cut(text)
  if (amount === undefined || kind === '') {
    throw invalid(`invalid generic-resource format \`${text}\` expected \`name=value\``)
  }
  if (!/^\d+$/.test(amount)) {
    throw invalid(
      `invalid generic-resource request \`${kind}=${amount}\`, Named Generic Resources is not supported for service create or update`,
    )
  }
  return { DiscreteResourceSpec: { Kind: kind, Value: Number(amount) } }
}

/** A capability under its full name, `CAP_…`; ALL and RESET stand as they are. */
export function capability(text: string): string {
  const name = text.trim().toUpperCase()
  return name === 'ALL' || name === 'RESET' || name.startsWith('CAP_') ? name : `CAP_${name}`
}

/** The filters of a list, `name=value`, as the API takes them. */
export function parseFilters(pairs: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {}
  for (const pair of pairs) {
    if (pair === '') continue
    const [name, value] = cut(pair)
    if (value === undefined) throw invalid('bad format of filter (expected name=value)')
    ;(filters[name.trim().toLowerCase()] ??= []).push(value.trim())
  }
  return filters
}
