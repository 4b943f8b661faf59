import { InvalidDocument } from '../invalid-document.js'

/** Refuses in the words of the Engine itself. */
export function refuse(message: string): never {
  throw new InvalidDocument(message)
}

/** Refuses in the words of Swarm's manager, which Docker passes on with gRPC's prefix. */
export function refuseArgument(message: string): never {
  throw new InvalidDocument(`rpc error: code = InvalidArgument desc = ${message}`)
}

/** Refuses a word that is neither absent nor among `words`. */
export function checkWord(
  word: string | undefined,
  words: readonly string[],
  message: (word: string) => string,
): void {
  if (word && !words.includes(word)) refuse(message(word))
}

/** Go's %q, near enough. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** Texts with a template in them are judged when a task fills them in. */
export function isTemplate(text: string): boolean {
  return text.includes('{{')
}
