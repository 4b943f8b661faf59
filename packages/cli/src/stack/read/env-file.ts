import { ShoalError } from '@shoal/common/errors'
import { interpolate, type Lookup } from './interpolate.js'

const LINE = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=\s*([\s\S]*))?$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * The variables of a file as docker compose reads `.env`: quotes, comments, `export`, and variables that stand
 * further up in it. A name alone takes its value from outside, or is left out (undefined) when it has none there.
 * @param name how messages call the file
 * @param outside variables that go before those of the file
 * @throws invalid-argument for a line of another form
 */
export function parseEnvFile(text: string, name: string, outside: Lookup): Map<string, string | undefined> {
  const variables = new Map<string, string | undefined>()
  const lookup: Lookup = (variable) => outside(variable) ?? variables.get(variable)
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim()
    if (line === '' || line.startsWith('#')) continue
    const [, key, rest] = LINE.exec(line) ?? []
    if (key === undefined) throw invalidLine(name, at, line)
    if (rest === undefined) {
      variables.set(key, lookup(key))
      continue
    }
    const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : undefined
    let value = rest
    // A quoted value may go on over several lines.
    while (quote !== undefined && closingQuote(value, quote) === -1) {
      if (++at >= lines.length) throw invalidLine(name, at - 1, line)
      value += `\n${lines[at] ?? ''}`
    }
    variables.set(key, readValue(value, quote, lookup, `${name}: ${key}`))
  }
  return variables
}

function readValue(value: string, quote: string | undefined, lookup: Lookup, where: string): string {
  const variables = { lookup, missing: () => undefined }
  if (quote === undefined) return interpolate(value.replace(/(^|\s)#.*$/, '').trim(), variables, where)
  const inner = value.slice(1, closingQuote(value, quote))
  if (quote === "'") return inner
  const plain = inner.replace(/\\(.)/g, (all, char: string) =>
    char === '$' ? '$$' : (ESCAPES[char] ?? (char === '"' || char === '\\' ? char : all)),
  )
  return interpolate(plain, variables, where)
}

function closingQuote(value: string, quote: string): number {
  for (let at = 1; at < value.length; at++) {
    if (quote === '"' && value[at] === '\\') at++
    else if (value[at] === quote) return at
  }
  return -1
}

function invalidLine(name: string, index: number, line: string): ShoalError {
  return new ShoalError('invalid-argument', `${name}: line ${index + 1} is no NAME=value: ${line}`)
}
