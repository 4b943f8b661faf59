import { InvalidDocument } from '../invalid-document.js'

/**
 * Parses the text of a request's body.
 * @returns an empty object for an empty text
 * @throws InvalidDocument in Docker's words when the text is no JSON, or more than one value
 */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new InvalidDocument(explain(text, error))
  }
}

/** V8's words, turned into those that Docker's clients know. */
function explain(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('Unexpected end') || message.startsWith('Unterminated')) {
    return 'invalid JSON: unexpected EOF'
  }
  if (message.includes('after JSON')) return 'unexpected content after JSON'
  const at = /position (\d+)/.exec(message)?.[1]
  if (at !== undefined && Number(at) >= text.trimEnd().length) return 'invalid JSON: unexpected EOF'
  const offender = at === undefined ? /token '(.)'/u.exec(message)?.[1] : text[Number(at)]
  return offender === undefined
    ? 'invalid JSON'
    : `invalid JSON: invalid character '${offender}' looking for beginning of value`
}
