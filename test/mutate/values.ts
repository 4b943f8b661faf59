import type { Schema } from '../schema/index.js'
import type { Dice } from '../simulation/dice.js'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** A name of this length is longer than anything that Docker names. */
const LONG = 9000
const DEPTH_MOST = 7

/** What no field expects, or only some do. */
export function oddValue(dice: Dice): Json {
  return dice.pick<() => Json>([
    () => null,
    () => dice.chance(0.5),
    () => dice.pick([-1, 0, 1, 1.5, -0, 1e308, 2 ** 53, 2 ** 63, 2 ** 64, -(2 ** 63), 5e-324]),
    () => dice.pick(['', ' ', 'NaN', 'Infinity', '-1', 'null', 'true', '0x10', '1e3', '9'.repeat(40)]),
    () => dice.pick(ODD_TEXTS),
    () => 'x'.repeat(LONG),
    () => [],
    () => ({}),
    () => [null],
    () => [[], {}, 0, '', null],
    () => ({ '': null, constructor: {}, toString: 1, hasOwnProperty: 'x' }),
    () => nested(dice.between(2, 300)),
    () => Array.from({ length: dice.between(10, 400) }, () => dice.between(0, 9)),
  ])()
}

export const ODD_TEXTS: readonly string[] = [
  '💥',
  '\u0000',
  'a\nb',
  '\u202Egnp.exe',
  'ﬁ',
  '\uD800',
  'é'.normalize('NFD'),
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '{{.Node.Hostname',
  '{{range $}}{{end}}',
  '%s%n',
  "'; drop table services; --",
  '${HOME}',
  'a=b=c',
  '=',
  '*',
  '/',
  '[::1]',
  '999.999.999.999/33',
  '10.0.0.0/0',
  '\\',
  '"',
]

function nested(depth: number): Json {
  let value: Json = {}
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** A document that a schema allows, more or less: each field is there by chance. */
export class Documents {
  readonly #definitions: Readonly<Record<string, Schema>>
  readonly #dice: Dice

  constructor(definitions: Readonly<Record<string, Schema>>, dice: Dice) {
    this.#definitions = definitions
    this.#dice = dice
  }

  like(schema: Schema, depth = 0): Json {
    if (schema.$ref !== undefined) {
      return this.like(this.#definitions[schema.$ref.replace('#/definitions/', '')] ?? {}, depth)
    }
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.like(part, depth))) as Json
    if (schema.enum) return this.#dice.pick(schema.enum) as Json
    if (schema.type === 'array' || schema.items) {
      const length = depth > DEPTH_MOST ? 0 : this.#dice.between(0, 2)
      return Array.from({ length }, () => this.like(schema.items ?? {}, depth + 1))
    }
    if (schema.type === 'object' || schema.properties) return this.#object(schema, depth)
    return this.#scalar(schema)
  }

  #object({ properties = {}, additionalProperties }: Schema, depth: number): Json {
    const result: Record<string, Json> = {}
    const likely = depth === 0 ? 0.6 : 0.3
    for (const [name, property] of Object.entries(properties)) {
      if (this.#dice.chance(likely)) result[name] = this.like(property, depth + 1)
    }
    if (typeof additionalProperties === 'object' && depth <= DEPTH_MOST) {
      for (let i = this.#dice.between(0, 2); i > 0; i--)
        result[`key${i}`] = this.like(additionalProperties, depth + 1)
    }
    return result
  }

  #scalar({ type, example }: Schema): Json {
    const { chance, pick, between } = bound(this.#dice)
    if (example !== undefined && typeof example !== 'object' && chance(0.5)) return example as Json
    switch (type) {
      case 'integer':
        return pick([0, 1, 2, between(0, 1000), 1e9])
      case 'number':
        return between(0, 100) / 100
      case 'boolean':
        return chance(0.5)
      case 'string':
        return pick(['web', 'a', 'shoal-busybox:1', 'local', '10.1.0.0/24', '/srv', 'key=value'])
      case undefined:
      default:
        return oddValue(this.#dice)
    }
  }
}

function bound(dice: Dice) {
  return {
    chance: (probability: number) => dice.chance(probability),
    pick: <Item>(items: readonly Item[]) => dice.pick(items),
    between: (least: number, most: number) => dice.between(least, most),
  }
}
