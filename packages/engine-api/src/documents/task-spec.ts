import Type, { type Static } from 'typebox'
import { ContainerSpec } from './container-spec.js'
import { ResourceRequirements } from './resources.js'
import { Driver, Duration, StringMap, Strings, Uint64 } from './scalars.js'

export const RESTART_CONDITIONS = ['none', 'on-failure', 'any'] as const
export type RestartCondition = (typeof RESTART_CONDITIONS)[number]

export const RestartPolicy = Type.Object({
  Condition: Type.Optional(Type.String()),
  Delay: Type.Optional(Duration),
  MaxAttempts: Type.Optional(Uint64),
  Window: Type.Optional(Duration),
})
export type RestartPolicy = Static<typeof RestartPolicy>

export const Platform = Type.Object({
  Architecture: Type.Optional(Type.String()),
  OS: Type.Optional(Type.String()),
})
export type Platform = Static<typeof Platform>

export const PlacementPreference = Type.Object({
  Spread: Type.Optional(Type.Object({ SpreadDescriptor: Type.Optional(Type.String()) })),
})
export type PlacementPreference = Static<typeof PlacementPreference>

export const Placement = Type.Object({
  Constraints: Type.Optional(Strings),
  Preferences: Type.Optional(Type.Array(PlacementPreference)),
  /** Most tasks of the service on one node; 0 means no limit. */
  MaxReplicas: Type.Optional(Uint64),
  Platforms: Type.Optional(Type.Array(Platform)),
})
export type Placement = Static<typeof Placement>

export const NetworkAttachmentConfig = Type.Object({
  Target: Type.Optional(Type.String()),
  Aliases: Type.Optional(Strings),
  DriverOpts: Type.Optional(StringMap),
})
export type NetworkAttachmentConfig = Static<typeof NetworkAttachmentConfig>

export const TaskSpec = Type.Object({
  ContainerSpec: Type.Optional(ContainerSpec),
  PluginSpec: Type.Optional(Type.Object({})),
  NetworkAttachmentSpec: Type.Optional(Type.Object({ ContainerID: Type.Optional(Type.String()) })),
  Resources: Type.Optional(ResourceRequirements),
  RestartPolicy: Type.Optional(RestartPolicy),
  Placement: Type.Optional(Placement),
  ForceUpdate: Type.Optional(Uint64),
  Runtime: Type.Optional(Type.String()),
  Networks: Type.Optional(Type.Array(NetworkAttachmentConfig)),
  LogDriver: Type.Optional(Driver),
})
export type TaskSpec = Static<typeof TaskSpec>
