import { docker, until } from '../docker.js'
import { mustRun, onHost } from '../machine.js'

export const PROCESSES = ['manager', 'agent', 'dockerd', 'etcd'] as const
export type ProcessName = (typeof PROCESSES)[number]

const END_TIMEOUT_MS = 30_000

/** How each process is found and kept away, and what starts it again; all of it is run by `sh` on its machine. */
interface Handling {
  readonly pid: string
  /** Keeps what supervises it from starting it again. */
  readonly keepAway: string
  /** Succeeds while it is kept away. */
  readonly isKeptAway: string
  /** Undoes `keepAway`. */
  readonly start: string
}

const daemon = (name: 'manager' | 'agent'): Handling => ({
  pid: `cat /run/shoal/${name}.pid 2>/dev/null`,
  keepAway: `kill -9 "$(cat /run/shoal/${name}.supervisor.pid)"; rm -f /run/shoal/${name}.supervisor.pid`,
  isKeptAway: `[ -e /var/lib/shoal/${name}/config.json ] && [ ! -e /run/shoal/${name}.supervisor.pid ]`,
  start: 'ctl swarm start',
})
const supervised = (name: 'dockerd' | 'etcd'): Handling => ({
  pid: `pidof -s ${name}`,
  keepAway: `touch /run/${name}.stopped`,
  isKeptAway: `[ -e /run/${name}.stopped ]`,
  start: `rm -f /run/${name}.stopped`,
})
const HANDLING: Record<ProcessName, Handling> = {
  manager: daemon('manager'),
  agent: daemon('agent'),
  dockerd: supervised('dockerd'),
  etcd: supervised('etcd'),
}

/** `ended` is also what was never started. */
export type ProcessState = 'running' | 'paused' | 'ended'

export async function processState(machine: string, name: ProcessName): Promise<ProcessState> {
  const script = `pid=$(${HANDLING[name].pid}) && grep ^State: "/proc/$pid/status"`
  const { code, stdout } = await onHost(machine, ['sh', '-c', script])
  if (code !== 0 || /\s[ZX]\s/.test(stdout)) return 'ended'
  return /\s[Tt]\s/.test(stdout) ? 'paused' : 'running'
}

/**
 * Sends a signal to a process. @returns the moment just before, in milliseconds since the epoch
 * @throws Error when the process does not run
 */
export async function signal(
  machine: string,
  name: ProcessName,
  signalName: 'KILL' | 'TERM' | 'STOP' | 'CONT',
): Promise<number> {
  const script = `pid=$(${HANDLING[name].pid}) && kill -0 "$pid" && date +%s%3N && kill -${signalName} "$pid"`
  const { code, stdout } = await onHost(machine, ['sh', '-c', script])
  if (code !== 0) throw new Error(`${machine} runs no ${name}`)
  return Number(stdout)
}

/** Ends a process as a crash does; what supervises it starts it again. @returns as `signal` @throws as `signal` */
export async function crash(machine: string, name: ProcessName): Promise<number> {
  return signal(machine, name, 'KILL')
}

/**
 * Ends a process as a crash does, and keeps it away. @returns as `signal`
 * @throws Error when it does not run, or is stopped already
 */
export async function stop(machine: string, name: ProcessName): Promise<number> {
  if ((await processState(machine, name)) === 'ended') {
    const isKeptAway = await isStopped(machine, name)
    throw new Error(
      isKeptAway ? `the ${name} of ${machine} is stopped already` : `${machine} runs no ${name}`,
    )
  }
  await mustRun(machine, ['sh', '-c', HANDLING[name].keepAway])
  const atMs = await signal(machine, name, 'KILL')
  await untilEnded(machine, name)
  return atMs
}

/** Starts a process that was stopped. @throws Error when it runs already, or cannot be started */
export async function start(machine: string, name: ProcessName): Promise<void> {
  if ((await processState(machine, name)) !== 'ended') throw new Error(`${machine} runs its ${name} already`)
  await mustRun(machine, ['sh', '-c', HANDLING[name].start])
}

/** Asks a process to end, waits until it has, and has it started again. @throws Error when it does not run */
export async function restart(machine: string, name: ProcessName): Promise<void> {
  await signal(machine, name, 'TERM')
  if (name === 'manager' || name === 'agent') {
    // Its supervisor takes an end in good order for a wish.
    await untilEnded(machine, name)
    await mustRun(machine, ['sh', '-c', HANDLING[name].start])
  }
}

/** Stops a process from running on; nobody is told. @throws Error when it does not run, or is paused already */
export async function pause(machine: string, name: ProcessName): Promise<number> {
  const state = await processState(machine, name)
  if (state === 'paused') throw new Error(`the ${name} of ${machine} is paused already`)
  return signal(machine, name, 'STOP')
}

/** @throws Error when it is not paused */
export async function resume(machine: string, name: ProcessName): Promise<void> {
  if ((await processState(machine, name)) !== 'paused')
    throw new Error(`the ${name} of ${machine} is not paused`)
  await signal(machine, name, 'CONT')
}

/** Freezes the whole machine. @throws Error when it is paused already */
export async function pauseMachine(machine: string): Promise<void> {
  if (await isMachinePaused(machine)) throw new Error(`${machine} is paused already`)
  await docker(['pause', machine])
}

/** @throws Error when it is not paused */
export async function resumeMachine(machine: string): Promise<void> {
  if (!(await isMachinePaused(machine))) throw new Error(`${machine} is not paused`)
  await docker(['unpause', machine])
}

export async function isMachinePaused(machine: string): Promise<boolean> {
  return (await docker(['inspect', '-f', '{{.State.Paused}}', machine])) === 'true'
}

/** Whether a process was stopped, and not started again. */
export async function isStopped(machine: string, name: ProcessName): Promise<boolean> {
  return (await onHost(machine, ['sh', '-c', HANDLING[name].isKeptAway])).code === 0
}

async function untilEnded(machine: string, name: ProcessName): Promise<void> {
  const ended = await until(END_TIMEOUT_MS, async () =>
    (await processState(machine, name)) === 'ended' ? true : undefined,
  )
  if (!ended)
    throw new Error(`the ${name} of ${machine} has not ended within ${END_TIMEOUT_MS / 1000} seconds`)
}
