import type { Dice } from '../simulation/dice.js'
import { type Json, oddValue, ODD_TEXTS } from './values.js'

type Holder = Json[] | { [name: string]: Json }

/** Spoils a document at some place of it; what it was made of is changed. */
export function spoil(document: Json, dice: Dice): Json {
  const holders = holdersOf(document)
  if (holders.length === 0 || dice.chance(0.03)) return oddValue(dice)
  const holder = dice.pick(holders)
  if (Array.isArray(holder)) spoilList(holder, dice)
  else spoilObject(holder, dice)
  return document
}

function spoilList(list: Json[], dice: Dice): void {
  const at = dice.between(0, Math.max(0, list.length - 1))
  dice.pick([
    () => list.splice(at, 1),
    () => list.push(oddValue(dice)),
    () => (list[at] = oddValue(dice)),
    () => list.push(...list.slice(0, 50)),
  ])()
}

function spoilObject(object: { [name: string]: Json }, dice: Dice): void {
  const names = Object.keys(object)
  const name = names.length > 0 ? dice.pick(names) : 'x'
  dice.pick([
    () => delete object[name],
    () => (object[name] = oddValue(dice)),
    () => (object[name] = oddValue(dice)),
    () => (object[name.toUpperCase()] = oddValue(dice)),
    () => (object[dice.pick(ODD_TEXTS)] = oddValue(dice)),
    () =>
      Object.defineProperty(object, '__proto__', {
        value: oddValue(dice),
        enumerable: true,
        writable: true,
        configurable: true,
      }),
    () => (object[name] = JSON.stringify(object[name] ?? null)),
    () => (object[name] = [object[name] ?? null]),
  ])()
}

/** Every list and object within a document. */
function holdersOf(value: Json, found: Holder[] = []): Holder[] {
  if (typeof value !== 'object' || value === null || found.length > 500) return found
  found.push(value)
  for (const inner of Object.values(value)) holdersOf(inner, found)
  return found
}

/** Spoils the text of a document. */
export function spoilText(text: string, dice: Dice): string | Buffer {
  const at = dice.between(0, text.length)
  return dice.pick<() => string | Buffer>([
    () => text.slice(0, at),
    () => `${text}${dice.pick([text, '}', ' x', '\u0000', '[]', ','])}`,
    () =>
      `${text.slice(0, at)}${dice.pick(['"', '{', ']', ',', '\\', '\u0001', 'NaN', '1e999'])}${text.slice(at)}`,
    () => text.replace('{', '{"Name":"first","Name":"second","name":null,'),
    () => text.replace(/:\s*("[^"]*"|\d+)/, ': NaN'),
    () => `\uFEFF${text}`,
    () => '['.repeat(dice.between(100, 60_000)),
    () =>
      Buffer.concat([
        Buffer.from(text.slice(0, at)),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
        Buffer.from(text.slice(at)),
      ]),
    () => '',
    () => dice.pick(['null', 'true', '""', '0', '[]', 'NaN', 'undefined', '{', '"', '{}{}', "{'a':1}"]),
  ])()
}
