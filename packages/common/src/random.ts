/** The only file that asks the machine for randomness. */
import { randomBytes } from 'node:crypto'

/** A source of random numbers. Simulations pass a seeded one in. */
export interface Random {
  /** Evenly distributed in [0, 1). */
  next(): number
}

export const systemRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
}

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
