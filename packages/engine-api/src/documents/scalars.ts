import Type, { type Static } from 'typebox'

export const StringMap = Type.Record(Type.String(), Type.String())
export type StringMap = Static<typeof StringMap>

/** A duration in nanoseconds, Go's `time.Duration`. */
export const Duration = Type.Integer()

export const Int64 = Type.Integer()
/** Go's unsigned integers: a negative one is refused with 400. */
export const Uint64 = Type.Integer({ minimum: 0 })
/** What Go's map and slice of strings are called in Docker's documents. */
export const Strings = Type.Array(Type.String())

/** A closed set of words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Enum(words)
}

/** The store's revision of an object; an update with another index is refused. */
export const ObjectVersion = Type.Object({ Index: Type.Integer() })
export type ObjectVersion = Static<typeof ObjectVersion>

/** A driver's name with its options, as in log and secret drivers. */
export const Driver = Type.Object({ Name: Type.Optional(Type.String()), Options: Type.Optional(StringMap) })
export type Driver = Static<typeof Driver>

export const Annotations = {
  Name: Type.Optional(Type.String()),
  Labels: Type.Optional(StringMap),
}
