/** The only file that asks the machine for randomness. */
import { randomFillSync } from 'node:crypto'

/** A source of random numbers. Simulations pass a seeded one in. */
export interface Random {
  /** Evenly distributed in [0, 1). */
  next(): number
}

/** Bytes of one number. */
const WIDTH = 6
/** Bytes that are asked for at once: to ask for each number costs more than all else in the making of an ID. */
const STOCK = 1024 * WIDTH

/** The machine's cryptographic randomness. What was handed out is not kept. */
class SystemRandom implements Random {
  readonly #stock = Buffer.alloc(STOCK)
  #used = STOCK

  next(): number {
    if (this.#used === STOCK) {
      randomFillSync(this.#stock)
      this.#used = 0
    }
    const number = this.#stock.readUIntBE(this.#used, WIDTH)
    this.#stock.fill(0, this.#used, this.#used + WIDTH)
    this.#used += WIDTH
    return number / 2 ** (8 * WIDTH)
  }
}

export const systemRandom: Random = new SystemRandom()

/**
 * The same numbers for the same seed.
 * Mulberry32, by Tommy Ettinger (2017), public domain.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
  }
}

const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 25

/** An identity of Swarm's kind: 25 characters of `[a-z0-9]`, about 129 bits. */
export function newId(random: Random): string {
  let id = ''
  for (let i = 0; i < ID_LENGTH; i++) id += ID_ALPHABET[Math.floor(random.next() * ID_ALPHABET.length)]
  return id
}

/** A wait of `delayMs` spread evenly over [½, 1] of it, so that many who failed together do not return together. */
export function jittered(random: Random, delayMs: number): number {
  return delayMs * (0.5 + random.next() / 2)
}

/** @param length in bytes */
export function randomOctets(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)))
}
