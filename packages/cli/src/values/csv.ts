import { invalid } from './invalid.js'

/**
 * The fields of one line of comma-separated values: a field may stand in double quotes, in which a
 * doubled quote is a quote.
 * @throws invalid-argument when a quote is out of place
 */
export function parseCsv(line: string): string[] {
  if (line === '') throw invalid('EOF')
  const fields: string[] = []
  let at = 0
  for (;;) {
    const [field, end] = line[at] === '"' ? quotedField(line, at + 1) : bareField(line, at)
    fields.push(field)
    if (end >= line.length) return fields
    at = end + 1
  }
}

function bareField(line: string, start: number): [string, number] {
  const comma = line.indexOf(',', start)
  const end = comma === -1 ? line.length : comma
  const field = line.slice(start, end)
  if (field.includes('"')) {
    throw invalid(
      `parse error on line 1, column ${start + field.indexOf('"') + 1}: bare " in non-quoted-field`,
    )
  }
  return [field, end]
}

function quotedField(line: string, start: number): [string, number] {
  let field = ''
  let at = start
  for (;;) {
    const quote = line.indexOf('"', at)
    if (quote === -1)
      throw invalid(
        `parse error on line 1, column ${line.length + 1}: extraneous or missing " in quoted-field`,
      )
    field += line.slice(at, quote)
    const next = line[quote + 1]
    if (next === undefined || next === ',') return [field, quote + 1]
    if (next !== '"')
      throw invalid(`parse error on line 1, column ${quote + 1}: extraneous or missing " in quoted-field`)
    field += '"'
    at = quote + 2
  }
}
