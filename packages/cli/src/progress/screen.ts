import type { ProgressLine } from './lines.js'

/** Shows successive states of a progress display. */
export interface Screen {
  show(lines: readonly ProgressLine[]): void
}

export interface TerminalSize {
  columns: number
  rows: number
}

const FULL_BAR = 50
/** Columns that the words beside a bar need. */
const BESIDE_BAR = 40
const LEAST_BAR = 10

/** Shows nothing. */
export const quietScreen: Screen = { show: () => undefined }

/** For a terminal: every state replaces the one before it, in place. */
export function liveScreen(write: (text: string) => void, size: () => TerminalSize): Screen {
  let shown: readonly string[] = []
  return {
    show(lines) {
      const { columns, rows } = size()
      // What was written for a wider terminal has been wrapped by it meanwhile.
      const height = shown.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / columns)), 0)
      shown = fitted(lines, rows - 1, columns).flatMap((line) => rowsOf(line, columns))
      const up = height === 0 ? '' : `\u001b[${height}A`
      write(`${up}${shown.map((text) => `\u001b[2K${text}\n`).join('')}\u001b[J`)
    },
  }
}

/** As many of the lines as there are rows for. What has scrolled away could not be drawn over. */
function fitted(lines: readonly ProgressLine[], rows: number, columns: number): ProgressLine[] {
  const heightOf = (line: ProgressLine): number => rowsOf(line, columns).length
  const excess = lines.reduce((sum, line) => sum + heightOf(line), 0) - rows
  if (excess <= 0) return [...lines]
  const optional = lines.filter((line) => line.optional)
  const first = lines.findIndex((line) => line.optional)
  const kept = optional.slice(0, Math.max(0, optional.length - excess - 1))
  const left = { id: 'left out', text: `  … and ${optional.length - kept.length} more` }
  const rest = lines.filter((line) => !line.optional)
  return first < 0 ? rest : [...rest.slice(0, first), ...kept, left, ...rest.slice(first)]
}

/** For a file or a pipe: a line is written when it says something new. Bars would say nothing there. */
export function plainScreen(write: (text: string) => void): Screen {
  const said = new Map<string, string>()
  return {
    show(lines) {
      for (const { id, text } of lines) {
        const line = text.trimEnd()
        if (said.get(id) === line || /^\S+:$/.test(line)) continue
        said.set(id, line)
        write(`${line}\n`)
      }
    },
  }
}

function barText(line: ProgressLine, columns: number): string {
  const width = Math.min(FULL_BAR, columns - BESIDE_BAR)
  if (line.fraction === undefined || width < LEAST_BAR) return line.text
  const filled = Math.round(line.fraction * width)
  return `${line.text} [${'='.repeat(filled)}>${' '.repeat(width - filled)}]`
}

/** A line that the terminal wrapped would spoil the count of lines to go up, so it is broken here. */
function rowsOf(line: ProgressLine, columns: number): string[] {
  const characters = Array.from(barText(line, columns).trimEnd())
  const width = Math.max(1, columns - 1)
  const rows = [characters.slice(0, width).join('')]
  for (let at = width; at < characters.length; at += width)
    rows.push(characters.slice(at, at + width).join(''))
  return rows
}
