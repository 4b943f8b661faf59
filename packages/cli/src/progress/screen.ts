import type { ProgressLine } from './lines.js'

/** Shows successive states of a progress display. */
export interface Screen {
  show(lines: readonly ProgressLine[]): void
}

export interface TerminalSize {
  columns: number
}

const FULL_BAR = 50
/** Columns that the words beside a bar need. */
const BESIDE_BAR = 40
const LEAST_BAR = 10

/** Shows nothing. */
export const quietScreen: Screen = { show: () => undefined }

/** For a terminal: every state replaces the one before it, in place. */
export function liveScreen(write: (text: string) => void, size: () => TerminalSize): Screen {
  let height = 0
  return {
    show(lines) {
      const { columns } = size()
      const up = height === 0 ? '' : `\u001b[${height}A`
      const body = lines.map((line) => `\u001b[2K${cropped(barText(line, columns), columns)}\n`).join('')
      write(`${up}${body}\u001b[J`)
      height = lines.length
    },
  }
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

/** A line that wrapped would spoil the count of lines to go up. */
function cropped(text: string, columns: number): string {
  const characters = Array.from(text)
  return characters.length < columns ? text : `${characters.slice(0, columns - 2).join('')}…`
}
