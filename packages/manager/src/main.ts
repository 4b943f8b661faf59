/** The manager's process: `node main.js --config <file>`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, messageOf, systemClock, systemRandom } from '@shoal/common'
import { orExit, readArguments } from '@shoal/common/program'
import type { EtcdAccess } from './api/index.js'
import { type ManagerConfig, readManagerConfig, writeManagerConfig } from './config.js'
import { type Manager, startManager } from './manager.js'
import { moveToEtcd } from './transfer/index.js'

const COMMAND_LINE = { usage: 'manager --config <file>', required: ['config'] } as const

const { config: configPath } = orExit(() => readArguments(COMMAND_LINE, process.argv.slice(2)))
const { runDir, logLevel } = orExit(() => readManagerConfig(configPath))
const log = createLogger('manager', logLevel)
const base = { clock: systemClock, random: systemRandom, log }
const pidPath = join(runDir, 'manager.pid')

/** Why a manager ends that has not failed. */
type End =
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'move'; readonly access: EtcdAccess }
  /** The cluster wants no manager here. An end in good order: whoever supervises this process does not start it again. */
  | { readonly kind: 'retired'; readonly reason: string }

/** Runs until it is told to end. A move of the cluster to another store comes between two runs of the manager. */
async function main(): Promise<void> {
  mkdirSync(runDir, { recursive: true, mode: 0o755 })
  writeFileSync(pidPath, `${process.pid}\n`)
  const signalled = new Promise<End>((resolve) => {
    // Whoever asks twice gets no other end: a second signal without a handler would kill the process.
    for (const name of ['SIGTERM', 'SIGINT'] as const)
      process.on(name, () => resolve({ kind: 'signal', name }))
  })
  let failure: string | undefined
  for (;;) {
    const config = readManagerConfig(configPath)
    const { manager, moved } = await run(config, failure)
    const retired = manager.retired.then((reason): End => ({ kind: 'retired', reason }))
    const end = await Promise.race([signalled, moved, retired])
    log.info(describe(end), 'the manager ends')
    await manager.stop()
    if (end.kind !== 'move') return
    failure = await move(config, manager.clusterId, end.access)
  }
}

/** What the log says of an end: no keys. */
function describe(end: End): object {
  switch (end.kind) {
    case 'signal':
      return { signal: end.name }
    case 'move':
      return { movesTo: end.access.endpoints }
    case 'retired':
      return { reason: end.reason }
  }
}

/** @param failure why the last move did not take place */
async function run(
  config: ManagerConfig,
  failure: string | undefined,
): Promise<{ manager: Manager; moved: Promise<End> }> {
  const { promise: moved, resolve } = withResolvers<End>()
  const mover = {
    ...(failure !== undefined && { failure }),
    onMove: (access: EtcdAccess) => resolve({ kind: 'move', access }),
  }
  const manager = await startManager({ ...base, config, mover })
  // It has been made. A store that is found empty from now on has lost it, and must not get another in its place.
  if (config.initialise) writeManagerConfig(configPath, { ...config, initialise: false })
  return { manager, moved }
}

/** @returns why the move did not take place, if it did not */
async function move(config: ManagerConfig, cluster: string, access: EtcdAccess): Promise<string | undefined> {
  try {
    await moveToEtcd({ ...base, config, cluster }, configPath, access)
    return undefined
  } catch (error) {
    log.error({ err: error }, 'the cluster has not been moved')
    return messageOf(error)
  }
}

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((take) => (resolve = take))
  return { promise, resolve }
}

try {
  await main()
} catch (error) {
  log.fatal({ err: error }, 'the manager cannot run')
  process.exitCode = 1
} finally {
  rmSync(pidPath, { force: true })
}
process.exit()
