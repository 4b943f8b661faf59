import { invalid } from './invalid.js'

/**
 * Splits a command as a shell would: quotes group, a backslash takes the next character as it is,
 * `#` at the start of a word begins a comment.
 */
export function splitShellWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (quote === undefined && word === undefined && char === '#') {
      const end = text.indexOf('\n', at)
      at = end === -1 ? text.length : end
    } else if (char === quote) {
      quote = undefined
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char
      word ??= ''
    } else if (char === '\\' && quote !== "'") {
      const next = text[++at]
      if (next === undefined) throw invalid('EOF found after escape character')
      word = (word ?? '') + next
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== undefined) throw invalid('EOF found when expecting closing quote')
  if (word !== undefined) words.push(word)
  return words
}
