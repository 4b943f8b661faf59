import { InvalidDocument } from '../invalid-document.js'
import type { CharacterTest } from './characters.js'
import type { Anchor, Expression } from './parse.js'

/** In steps: what repeats is written out that often. */
const MAX_PROGRAM_SIZE = 2000

/** One step of a program; the numbers are those of the steps that may follow. */
export type Step =
  | { readonly type: 'character'; readonly accepts: CharacterTest; readonly next: number }
  | { readonly type: 'anchor'; readonly at: Anchor; readonly next: number }
  | { readonly type: 'split'; readonly next: readonly number[] }
  | { readonly type: 'found' }

export interface Program {
  readonly steps: readonly Step[]
  /** The number of the first step. */
  readonly start: number
}

/** @throws InvalidDocument for an expression that becomes too large */
export function compile(expression: Expression): Program {
  const writer = new Writer()
  const found = writer.add({ type: 'found' })
  const start = writer.write(expression, found)
  return { steps: writer.steps, start }
}

/** Writes from the end to the start, so that what follows is known. */
class Writer {
  readonly steps: Step[] = []

  add(step: Step): number {
    if (this.steps.length >= MAX_PROGRAM_SIZE) throw new InvalidDocument('it is too large')
    return this.steps.push(step) - 1
  }

  /** @param next the step that follows @returns the first step of `expression` */
  write(expression: Expression, next: number): number {
    switch (expression.type) {
      case 'character':
      case 'anchor':
        return this.add({ ...expression, next })
      case 'sequence':
        return expression.parts.reduceRight((after, part) => this.write(part, after), next)
      case 'either':
        return this.add({
          type: 'split',
          next: expression.branches.map((branch) => this.write(branch, next)),
        })
      case 'repeat':
        return this.#repeat(expression, next)
    }
  }

  #repeat({ part, least, most }: Extract<Expression, { type: 'repeat' }>, next: number): number {
    let first = most === Infinity ? this.#loop(part, next) : next
    // Each optional time may also be the last.
    for (let time = least; most !== Infinity && time < most; time++) {
      first = this.add({ type: 'split', next: [this.write(part, first), next] })
    }
    for (let time = 0; time < least; time++) first = this.write(part, first)
    return first
  }

  /** Any number of times: the step back to the start is made before what it leads to is known. */
  #loop(part: Expression, next: number): number {
    const targets = [next]
    const loop = this.add({ type: 'split', next: targets })
    targets.push(this.write(part, loop))
    return loop
  }
}
