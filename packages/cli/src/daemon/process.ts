import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Clock, sleep } from '@shoal/common/clock'
import { messageOf, ShoalError } from '@shoal/common/errors'
import { NODE_FLAGS } from '@shoal/common/node-flags'

export type DaemonKind = 'manager' | 'agent'

export interface Daemon {
  kind: DaemonKind
  runDir: string
  configPath: string
}

const POLL_MS = 100
const LOG_LINES = 15

/** The program of a daemon in the checkout that ctl itself runs from. */
export function programOf(kind: DaemonKind): string {
  return fileURLToPath(new URL(`../../../${kind}/dist/main.js`, import.meta.url))
}

export const logPath = ({ kind, configPath }: Daemon): string => join(dirname(configPath), `${kind}.log`)

/** The agent has it start and end this host's manager when the role of its node changes. */
const CTL = fileURLToPath(new URL('../main.js', import.meta.url))

/** Starts a daemon again when it ends unasked, as an init system would. */
const SUPERVISOR = fileURLToPath(new URL('../../supervise.sh', import.meta.url))

const EXTRA_ARGUMENTS: Record<DaemonKind, readonly string[]> = { manager: [], agent: ['--ctl', CTL] }

const daemonPidPath = ({ kind, runDir }: Daemon): string => join(runDir, `${kind}.pid`)
const supervisorPidPath = ({ kind, runDir }: Daemon): string => join(runDir, `${kind}.supervisor.pid`)

/** The process IDs that have to end for a daemon to be over: its supervisor's first. */
function pidsOf(daemon: Daemon): number[] {
  return [supervisorPidPath(daemon), daemonPidPath(daemon)]
    .map((path) => readPid(path, daemon.configPath))
    .filter((pid) => pid !== undefined)
}

/**
 * The process ID of a running daemon. The number in the file counts only if that process is this
 * daemon: the system may have given it to another since.
 */
export function runningPid(daemon: Daemon): number | undefined {
  return readPid(daemonPidPath(daemon), daemon.configPath)
}

function readPid(path: string, configPath: string): number | undefined {
  let pid: number
  try {
    pid = Number(readFileSync(path, 'utf8').trim())
  } catch {
    return undefined
  }
  return isOurs(pid, configPath) ? pid : undefined
}

function isOurs(pid: number, configPath: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(configPath)
  } catch {
    return false
  }
}

/**
 * Starts a daemon in the background, under a supervisor; its output is added to its log.
 * @returns whether it is still alive, and whether it has ended in good order, for those who wait for it
 * @throws failed-precondition when it has not been built
 */
export function startDaemon(daemon: Daemon): { alive(): boolean; endedWell(): boolean; stop(): void } {
  const program = programOf(daemon.kind)
  if (!existsSync(program)) {
    throw new ShoalError(
      'failed-precondition',
      `${program} is missing: run 'npm run build' in the checkout first`,
    )
  }
  mkdirSync(daemon.runDir, { recursive: true, mode: 0o755 })
  const log = openSync(logPath(daemon), 'a', 0o600)
  const node = [process.execPath, ...NODE_FLAGS[daemon.kind]]
  const command = [...node, program, '--config', daemon.configPath, ...EXTRA_ARGUMENTS[daemon.kind]]
  const child = spawn(SUPERVISOR, [supervisorPidPath(daemon), ...command], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.on('error', () => undefined)
  child.unref()
  return {
    alive: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    endedWell: () => child.exitCode === 0,
    stop: () => void child.kill('SIGTERM'),
  }
}

/**
 * Has this host's manager-to-be bring a cluster back from a backup.
 * @param configPath of the manager, under another name than the daemon reads
 * @throws failed-precondition with what the program said
 */
export async function restoreFrom(
  backupPath: string,
  configPath: string,
): Promise<{ clusterId: string; nodeId: string }> {
  const program = fileURLToPath(new URL('../../../manager/dist/restore.js', import.meta.url))
  const child = spawn(process.execPath, [program, '--config', configPath, '--from', backupPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  try {
    return JSON.parse(out) as { clusterId: string; nodeId: string }
  } catch (error) {
    throw new ShoalError('failed-precondition', `the cluster has not been restored: ${err.trim()}`, error)
  }
}

/**
 * Asks a daemon to end and waits until it has.
 * @returns false when it does not run
 * @throws unavailable when it still runs after `patienceMs` milliseconds
 */
export async function stopDaemon(daemon: Daemon, clock: Clock, patienceMs: number): Promise<boolean> {
  const pids = pidsOf(daemon)
  for (const pid of pids) terminate(pid, daemon)
  const ended = await waitUntil(() => pids.every((pid) => !isOurs(pid, daemon.configPath)), clock, patienceMs)
  if (!ended) {
    throw new ShoalError(
      'unavailable',
      `the ${daemon.kind} (process ${pids.join(', ')}) has not ended within ${patienceMs / 1000} seconds`,
    )
  }
  return pids.length > 0
}

function terminate(pid: number, daemon: Daemon): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    if (!isOurs(pid, daemon.configPath)) return
    throw new ShoalError(
      'permission-denied',
      `cannot stop the ${daemon.kind} (process ${pid}): ${messageOf(error)}`,
      error,
    )
  }
}

/** Waits until `check` holds; false when it still does not after `patienceMs` milliseconds. */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  clock: Clock,
  patienceMs: number,
): Promise<boolean> {
  const untilMs = clock.now() + patienceMs
  while (!(await check())) {
    if (clock.now() >= untilMs) return false
    await sleep(clock, POLL_MS)
  }
  return true
}

/** The last lines of a daemon's log, for the message that it did not come up. */
export function lastLogLines(daemon: Daemon): string {
  try {
    return readFileSync(logPath(daemon), 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')
  } catch {
    return '(it has written no log)'
  }
}
