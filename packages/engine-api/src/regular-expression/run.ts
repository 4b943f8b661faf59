import { isWordCharacter } from './characters.js'
import type { Program } from './compile.js'
import type { Anchor } from './parse.js'

/** Whether the program matches somewhere in the text. Takes at most as many steps as both are long, multiplied. */
export function isFoundIn(program: Program, text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0)
  let present = new Paths(program)
  let following = new Paths(program)
  for (let at = 0; ; at++) {
    // A match may begin at any place.
    present.enter(program.start, codes, at)
    if (present.isFound) return true
    const code = codes[at]
    if (code === undefined) return false
    for (const number of present.waiting) {
      const step = program.steps[number]
      if (step?.type === 'character' && step.accepts(code)) following.enter(step.next, codes, at + 1)
    }
    if (following.isFound) return true
    ;[present, following] = [following, present]
    following.clear()
  }
}

/** The steps at which the paths through a program stand at one place of the text. */
class Paths {
  readonly #program: Program
  /** Those that wait for a character. */
  readonly waiting: number[] = []
  readonly #entered = new Set<number>()
  isFound = false

  constructor(program: Program) {
    this.#program = program
  }

  clear(): void {
    this.waiting.length = 0
    this.#entered.clear()
    this.isFound = false
  }

  /** Goes on from a step to all those that need no character. */
  enter(number: number, codes: readonly number[], at: number): void {
    const open = [number]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.#entered.has(next)) continue
      this.#entered.add(next)
      const step = this.#program.steps[next]
      if (step === undefined) continue
      if (step.type === 'character') this.waiting.push(next)
      else if (step.type === 'split') open.push(...step.next)
      else if (step.type === 'found') this.isFound = true
      else if (holds(step.at, codes, at)) open.push(step.next)
    }
  }
}

function holds(anchor: Anchor, codes: readonly number[], at: number): boolean {
  switch (anchor) {
    case 'start':
      return at === 0
    case 'end':
      return at === codes.length
    case 'word-edge':
      return isWordAt(codes, at - 1) !== isWordAt(codes, at)
    case 'no-word-edge':
      return isWordAt(codes, at - 1) === isWordAt(codes, at)
  }
}

function isWordAt(codes: readonly number[], at: number): boolean {
  const code = codes[at]
  return code !== undefined && isWordCharacter(code)
}
