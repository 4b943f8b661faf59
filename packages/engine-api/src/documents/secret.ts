import Type, { type Static } from 'typebox'
import { Annotations, Driver, type ObjectVersion } from './scalars.js'

export const SecretSpec = Type.Object({
  ...Annotations,
  /** Base64. */
  Data: Type.Optional(Type.String()),
  /** A plugin that keeps the secret. */
  Driver: Type.Optional(Driver),
  /** How the data is filled in for each task; `golang` is the one way. */
  Templating: Type.Optional(Driver),
})
export type SecretSpec = Static<typeof SecretSpec>

export const ConfigSpec = Type.Object({
  ...Annotations,
  /** Base64. */
  Data: Type.Optional(Type.String()),
  Templating: Type.Optional(Driver),
})
export type ConfigSpec = Static<typeof ConfigSpec>

/** A secret as the API answers it: without its data. */
export interface Secret {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Spec: Omit<SecretSpec, 'Data'>
}

export interface Config {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Spec: ConfigSpec
}
