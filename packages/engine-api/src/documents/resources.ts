import Type, { type Static } from 'typebox'
import { Int64 } from './scalars.js'

/** One user-defined resource: a set of names (`gpu=UUID1`) or an amount (`ssd=4`). */
export const GenericResource = Type.Object({
  NamedResourceSpec: Type.Optional(Type.Object({ Kind: Type.String(), Value: Type.String() })),
  DiscreteResourceSpec: Type.Optional(Type.Object({ Kind: Type.String(), Value: Int64 })),
})
export type GenericResource = Static<typeof GenericResource>

export const Limits = Type.Object({
  /** Billionths of a CPU. */
  NanoCPUs: Type.Optional(Int64),
  MemoryBytes: Type.Optional(Int64),
  Pids: Type.Optional(Int64),
})
export type Limits = Static<typeof Limits>

/** What a node offers, or a task reserves. */
export const Resources = Type.Object({
  NanoCPUs: Type.Optional(Int64),
  MemoryBytes: Type.Optional(Int64),
  GenericResources: Type.Optional(Type.Array(GenericResource)),
})
export type Resources = Static<typeof Resources>

export const ResourceRequirements = Type.Object({
  Limits: Type.Optional(Limits),
  Reservations: Type.Optional(Resources),
  /** API 1.52. */
  SwapBytes: Type.Optional(Int64),
  /** API 1.52. */
  MemorySwappiness: Type.Optional(Int64),
})
export type ResourceRequirements = Static<typeof ResourceRequirements>
