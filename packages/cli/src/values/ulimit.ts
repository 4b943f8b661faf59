import type { Ulimit } from '@shoal/engine-api'
import { cut, invalid } from './invalid.js'

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

/** A limit `name=soft[:hard]`; -1 means none, and a hard limit that is not given is the soft one. */
export function parseUlimit(text: string): Ulimit {
  const [name, limits] = cut(text)
  if (limits === undefined) throw invalid(`invalid ulimit argument: ${text}`)
  if (!NAMES.has(name)) throw invalid(`invalid ulimit type: ${name}`)
  const [softText, hardText, ...more] = limits.split(':')
  if (more.length > 0)
    throw invalid(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``)
  const soft = limit(softText ?? '')
  const hard = hardText === undefined ? soft : limit(hardText)
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`)
  }
  return { Name: name, Soft: soft, Hard: hard }
}

function limit(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}
