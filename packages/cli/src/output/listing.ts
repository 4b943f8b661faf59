import { alignColumns } from './table.js'
import { compileTemplate, goJson } from './template/index.js'

/** One line of a list: what templates may name. */
export type Row = Readonly<Record<string, unknown>>

/** How one kind of thing is listed. */
export interface ListingStyle {
  /** The header above each field, by the field's name. Fields that are not here are unknown to templates. */
  headers: Readonly<Record<string, string>>
  /** The template of the table that is shown when nothing else was asked for, with `\t` between columns. */
  table: string
}

export interface ListingOptions {
  format?: string | undefined
  quiet?: boolean | undefined
}

/**
 * A list as text, one line each.
 * @throws invalid-argument for a template that cannot be understood or names an unknown field
 */
export function listing(style: ListingStyle, rows: readonly Row[], options: ListingOptions): string[] {
  const asked = options.format ?? ''
  const format = asked === '' ? 'table' : asked
  if (options.quiet && format === 'table') return rows.map((row) => String(row['ID']))
  if (format === 'json') return rows.map((row) => goJson(visible(style, row)))
  if (format === 'table') return table(style, style.table, rows)
  if (format.startsWith('table ')) return table(style, unescaped(format.slice('table '.length)), rows)
  const render = compileTemplate(unescaped(format))
  return rows.map((row) => render(visible(style, row)))
}

function table(style: ListingStyle, template: string, rows: readonly Row[]): string[] {
  const render = compileTemplate(template)
  const cells = (row: Row): string[] => render(row).split('\t')
  return alignColumns([cells(style.headers), ...rows.map((row) => cells(visible(style, row)))])
}

/** Only the fields that have a header, so that a template with another is refused. */
function visible(style: ListingStyle, row: Row): Row {
  return Object.fromEntries(Object.keys(style.headers).map((name) => [name, row[name] ?? '']))
}

/** `\t` and `\n` as a user types them in a shell's quotes. */
function unescaped(format: string): string {
  return format.replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n')
}
