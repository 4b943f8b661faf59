import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { LOG_LEVELS } from '@shoal/common'
import { parseConfig } from '@shoal/common/config'
import Type, { type Static } from 'typebox'

const StoreConfig = Type.Union([
  Type.Object({ kind: Type.Literal('embedded') }, { additionalProperties: false }),
  Type.Object(
    {
      kind: Type.Literal('etcd'),
      endpoints: Type.Array(Type.String(), { minItems: 1 }),
      caFile: Type.Optional(Type.String()),
      certFile: Type.Optional(Type.String()),
      keyFile: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
])

const ManagerConfig = Type.Object(
  {
    /** Where everything lives that must survive a restart. */
    stateDir: Type.String(),
    /** Where sockets and process ids are. */
    runDir: Type.String(),
    /** `address:port` for agents (gRPC, mutual TLS). */
    listenAddress: Type.String({ pattern: ':[0-9]+$' }),
    /** `address:port` of the Engine API (HTTPS with client certificates). */
    apiAddress: Type.String({ pattern: ':[0-9]+$' }),
    /** The Engine API for local root. */
    socketPath: Type.String(),
    /** The address at which other hosts reach this one. */
    advertiseAddress: Type.String(),
    /** `address:port` of the Prometheus metrics. */
    metricsAddress: Type.String({ pattern: ':[0-9]+$' }),
    store: StoreConfig,
    /**
     * Make a new cluster if the store holds none; false from then on. Without it a manager with an empty store refuses
     * to start.
     */
    initialise: Type.Boolean(),
    logLevel: Type.Enum([...LOG_LEVELS]),
  },
  { additionalProperties: false },
)
export type ManagerConfig = Static<typeof ManagerConfig>

/**
 * Reads and checks the manager's configuration.
 * @throws ShoalError `invalid-argument` naming the file and the field; the file system's errors
 */
export function readManagerConfig(path: string): ManagerConfig {
  return parseConfig(ManagerConfig, readFileSync(path, 'utf8'), path)
}

/** Replaces the manager's configuration: a crash at any moment leaves the old one or the new one. */
export function writeManagerConfig(path: string, config: ManagerConfig): void {
  writeDurably(path, `${JSON.stringify(config, undefined, 2)}\n`)
}

/** Writes a file that its owner alone reads, by one rename. It survives a power cut when this returns. */
export function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.tmp`
  writeFileSync(draft, text, { mode: 0o600 })
  sync(draft)
  renameSync(draft, path)
  sync(dirname(path))
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
