/** Reads a text from its start to its end, whole characters at a time. */
export class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  isNext(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  /** Passes over `text` if it comes next. */
  take(text: string): boolean {
    if (!this.isNext(text)) return false
    this.#at += text.length
    return true
  }

  /** Passes over what `sticky`, an expression with that flag, matches here. */
  takeMatch(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at
    const match = sticky.exec(this.#text)
    if (match) this.#at += match[0].length
    return match ?? undefined
  }

  /** @returns the next character; empty at the end */
  next(): string {
    const code = this.#text.codePointAt(this.#at)
    if (code === undefined) return ''
    const character = String.fromCodePoint(code)
    this.#at += character.length
    return character
  }
}
