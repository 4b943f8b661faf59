import { ShoalError } from '@shoal/common/errors'

/** A stretch of plain text, or the words between `{{` and `}}`. */
export type Piece = { kind: 'text'; text: string } | { kind: 'action'; words: readonly string[] }

/** The error of a template that cannot be understood. */
export function templateError(reason: string): ShoalError {
  return new ShoalError('invalid-argument', `template parsing error: template: :1: ${reason}`)
}

/** Cuts a template into text and actions; `{{-` and `-}}` take the white space beside them away. */
export function lex(source: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trimNext = false
  for (;;) {
    const open = source.indexOf('{{', at)
    const text = source.slice(at, open === -1 ? source.length : open)
    const trimEnd = open !== -1 && /^-\s/.test(source.slice(open + 2))
    const trimmedStart = trimNext ? text.trimStart() : text
    const kept = trimEnd ? trimmedStart.trimEnd() : trimmedStart
    if (kept !== '') pieces.push({ kind: 'text', text: kept })
    if (open === -1) return pieces
    const close = actionEnd(source, open + 2)
    const inner = source.slice(open + 2 + (trimEnd ? 1 : 0), close)
    trimNext = /\s-$/.test(inner)
    const body = trimNext ? inner.slice(0, -1) : inner
    if (!body.trim().startsWith('/*')) pieces.push({ kind: 'action', words: splitWords(body) })
    at = close + 2
  }
}

function actionEnd(source: string, start: number): number {
  let quote = ''
  for (let at = start; at < source.length; at++) {
    const char = source[at] ?? ''
    if (quote !== '') {
      if (char === '\\' && quote === '"') at++
      else if (char === quote) quote = ''
    } else if (char === '"' || char === '`') quote = char
    else if (source.startsWith('}}', at)) return at
  }
  throw templateError('unclosed action')
}

const WORD = /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|:=|[()|,=]|-?\d+(?:\.\d+)?(?![\w.])|[$.\w][$.\w-]*)/y

function splitWords(action: string): string[] {
  const words: string[] = []
  let end = 0
  const pattern = new RegExp(WORD.source, 'y')
  for (let match = pattern.exec(action); match !== null; match = pattern.exec(action)) {
    words.push(match[1] ?? '')
    end = pattern.lastIndex
  }
  const rest = action.slice(end).trim()
  if (rest !== '') throw templateError(`unexpected ${JSON.stringify(rest.slice(0, 10))} in operand`)
  return words
}
