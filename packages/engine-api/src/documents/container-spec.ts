import Type, { type Static } from 'typebox'
import { Driver, Duration, Int64, oneOf, StringMap, Strings, Uint64 } from './scalars.js'

export const MOUNT_TYPES = ['bind', 'volume', 'tmpfs', 'npipe', 'cluster', 'image'] as const

export const Mount = Type.Object({
  Type: Type.Optional(Type.String()),
  Source: Type.Optional(Type.String()),
  Target: Type.Optional(Type.String()),
  ReadOnly: Type.Optional(Type.Boolean()),
  Consistency: Type.Optional(Type.String()),
  BindOptions: Type.Optional(
    Type.Object({
      Propagation: Type.Optional(Type.String()),
      NonRecursive: Type.Optional(Type.Boolean()),
      CreateMountpoint: Type.Optional(Type.Boolean()),
      ReadOnlyNonRecursive: Type.Optional(Type.Boolean()),
      ReadOnlyForceRecursive: Type.Optional(Type.Boolean()),
    }),
  ),
  VolumeOptions: Type.Optional(
    Type.Object({
      NoCopy: Type.Optional(Type.Boolean()),
      Labels: Type.Optional(StringMap),
      Subpath: Type.Optional(Type.String()),
      DriverConfig: Type.Optional(Driver),
    }),
  ),
  ImageOptions: Type.Optional(Type.Object({ Subpath: Type.Optional(Type.String()) })),
  TmpfsOptions: Type.Optional(
    Type.Object({
      SizeBytes: Type.Optional(Int64),
      Mode: Type.Optional(Uint64),
      Options: Type.Optional(Type.Array(Strings)),
    }),
  ),
  ClusterOptions: Type.Optional(Type.Object({})),
})
export type Mount = Static<typeof Mount>

/** `Test` is `[]` (inherit), `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`; times are nanoseconds, 0 inherits. */
export const HealthConfig = Type.Object({
  Test: Type.Optional(Strings),
  Interval: Type.Optional(Duration),
  Timeout: Type.Optional(Duration),
  StartPeriod: Type.Optional(Duration),
  StartInterval: Type.Optional(Duration),
  Retries: Type.Optional(Int64),
})
export type HealthConfig = Static<typeof HealthConfig>

export const Ulimit = Type.Object({
  Name: Type.Optional(Type.String()),
  Soft: Type.Optional(Int64),
  Hard: Type.Optional(Int64),
})
export type Ulimit = Static<typeof Ulimit>

/** Where in the container a secret or config appears; `Mode` is a Unix mode. */
const FileTarget = Type.Object({
  Name: Type.Optional(Type.String()),
  UID: Type.Optional(Type.String()),
  GID: Type.Optional(Type.String()),
  Mode: Type.Optional(Uint64),
})

export const SecretReference = Type.Object({
  File: Type.Optional(FileTarget),
  SecretID: Type.Optional(Type.String()),
  SecretName: Type.Optional(Type.String()),
})
export type SecretReference = Static<typeof SecretReference>

export const ConfigReference = Type.Object({
  File: Type.Optional(FileTarget),
  Runtime: Type.Optional(Type.Object({})),
  ConfigID: Type.Optional(Type.String()),
  ConfigName: Type.Optional(Type.String()),
})
export type ConfigReference = Static<typeof ConfigReference>

export const Privileges = Type.Object({
  CredentialSpec: Type.Optional(
    Type.Object({
      Config: Type.Optional(Type.String()),
      File: Type.Optional(Type.String()),
      Registry: Type.Optional(Type.String()),
    }),
  ),
  SELinuxContext: Type.Optional(
    Type.Object({
      Disable: Type.Optional(Type.Boolean()),
      User: Type.Optional(Type.String()),
      Role: Type.Optional(Type.String()),
      Type: Type.Optional(Type.String()),
      Level: Type.Optional(Type.String()),
    }),
  ),
  Seccomp: Type.Optional(
    Type.Object({ Mode: Type.Optional(Type.String()), Profile: Type.Optional(Type.String()) }),
  ),
  AppArmor: Type.Optional(Type.Object({ Mode: Type.Optional(Type.String()) })),
  NoNewPrivileges: Type.Optional(Type.Boolean()),
})
export type Privileges = Static<typeof Privileges>

export const ContainerSpec = Type.Object({
  Image: Type.Optional(Type.String()),
  Labels: Type.Optional(StringMap),
  Command: Type.Optional(Strings),
  Args: Type.Optional(Strings),
  Hostname: Type.Optional(Type.String()),
  Env: Type.Optional(Strings),
  Dir: Type.Optional(Type.String()),
  User: Type.Optional(Type.String()),
  Groups: Type.Optional(Strings),
  Privileges: Type.Optional(Privileges),
  StopSignal: Type.Optional(Type.String()),
  TTY: Type.Optional(Type.Boolean()),
  OpenStdin: Type.Optional(Type.Boolean()),
  ReadOnly: Type.Optional(Type.Boolean()),
  Mounts: Type.Optional(Type.Array(Mount)),
  StopGracePeriod: Type.Optional(Duration),
  Healthcheck: Type.Optional(HealthConfig),
  Hosts: Type.Optional(Strings),
  DNSConfig: Type.Optional(
    Type.Object({
      Nameservers: Type.Optional(Strings),
      Search: Type.Optional(Strings),
      Options: Type.Optional(Strings),
    }),
  ),
  Secrets: Type.Optional(Type.Array(SecretReference)),
  Configs: Type.Optional(Type.Array(ConfigReference)),
  Isolation: Type.Optional(oneOf(['', 'default', 'process', 'hyperv'])),
  Init: Type.Optional(Type.Boolean()),
  Sysctls: Type.Optional(StringMap),
  CapabilityAdd: Type.Optional(Strings),
  CapabilityDrop: Type.Optional(Strings),
  Ulimits: Type.Optional(Type.Array(Ulimit)),
  OomScoreAdj: Type.Optional(Int64),
})
export type ContainerSpec = Static<typeof ContainerSpec>
