import { isAtLeast, isBefore, isTerminal, unreachable, type TaskState } from '@shoal/common'
import type { ContainerState } from '../executor/port.js'

/** What is known of the task's container. `unknown`: it has not been looked at since something may have changed. */
export type Observed = 'unknown' | 'absent' | ContainerState

export interface TaskView {
  /** What the manager wants; `remove` as well when it has withdrawn the task. */
  readonly desired: TaskState
  readonly state: TaskState
  readonly observed: Observed
  /** The host has booted since the container last ran: it ended with the host, not by itself. */
  readonly hostRestarted: boolean
  /** Open connections to the task have had their time. */
  readonly drained: boolean
  /** What it waits for before its container can be created, in words. */
  readonly awaits?: string | undefined
}

/** A new status: where the task stands, in Docker's words. */
export interface Advance {
  readonly kind: 'advance'
  readonly to: TaskState
  /** Docker keeps the message of the last good state beside an error. */
  readonly message?: string
  readonly err?: string
}

/** The one thing to do next. All of them may be done again after a crash. */
export type Step =
  | Advance
  | { readonly kind: 'observe' }
  | { readonly kind: 'prepare' }
  | { readonly kind: 'start' }
  /** To let open connections come to their end. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'remove' }
  /** Nothing until the container or the desired state changes. */
  | { readonly kind: 'wait' }

const WAIT: Step = { kind: 'wait' }

/** Takes a task one step towards what is desired; forward only. Pure. */
export function nextStep(view: TaskView): Step {
  if (isTerminal(view.state)) return afterTheEnd(view)
  if (!wantsToLive(view.desired)) return towardsShutdown(view)
  if (isBefore(view.state, 'accepted')) return { kind: 'advance', to: 'accepted', message: 'accepted' }
  return towardsRunning(view)
}

function towardsRunning(view: TaskView): Step {
  const state = view.state as 'accepted' | 'preparing' | 'ready' | 'starting' | 'running'
  switch (state) {
    case 'accepted':
      return { kind: 'advance', to: 'preparing', message: preparing(view) }
    case 'preparing':
      return prepare(view)
    case 'ready':
      return isBefore(view.desired, 'running')
        ? WAIT
        : { kind: 'advance', to: 'starting', message: 'starting' }
    case 'starting':
      return start(view)
    case 'running':
      return run(view)
    default:
      return unreachable(state)
  }
}

/** `complete` is what is wanted of a job: run until it ends by itself. */
function wantsToLive(desired: TaskState): boolean {
  return !isAtLeast(desired, 'shutdown')
}

/** A task that has ended keeps its container for the logs, but the container must not run. */
function afterTheEnd({ desired, observed }: TaskView): Step {
  if (observed === 'unknown') return { kind: 'observe' }
  if (observed === 'absent') return WAIT
  if (observed.phase === 'running') return { kind: 'stop' }
  return desired === 'remove' ? { kind: 'remove' } : WAIT
}

/** Only a task that ran has connections; nobody leads new ones to it since it was told to stop. */
function towardsShutdown({ state, observed, drained }: TaskView): Step {
  if (observed === 'unknown') return { kind: 'observe' }
  if (observed !== 'absent' && observed.phase === 'running')
    return state === 'running' && !drained ? { kind: 'drain' } : { kind: 'stop' }
  return { kind: 'advance', to: 'shutdown', message: 'shutdown' }
}

function preparing({ awaits }: TaskView): string {
  return awaits === undefined ? 'preparing' : `preparing: ${awaits}`
}

/** Whether the container exists is found out by creating it, which costs no call more. */
function prepare({ observed }: TaskView): Step {
  if (observed === 'unknown' || observed === 'absent') return { kind: 'prepare' }
  return { kind: 'advance', to: 'ready', message: 'prepared' }
}

function start(view: TaskView): Step {
  const { observed } = view
  if (observed === 'unknown') return { kind: 'observe' }
  if (observed === 'absent') return vanished
  if (observed.phase === 'created') return { kind: 'start' }
  if (observed.phase === 'ended') return view.hostRestarted ? { kind: 'start' } : ended(observed)
  if (observed.health === 'unhealthy') return { kind: 'stop' }
  return observed.health === 'starting' ? WAIT : { kind: 'advance', to: 'running', message: 'started' }
}

function run(view: TaskView): Step {
  const { observed } = view
  if (observed === 'unknown') return { kind: 'observe' }
  if (observed === 'absent') return vanished
  if (observed.phase === 'created') return { kind: 'start' }
  if (observed.phase === 'ended') return view.hostRestarted ? { kind: 'start' } : ended(observed)
  return observed.health === 'unhealthy' ? { kind: 'stop' } : WAIT
}

const vanished: Advance = { kind: 'advance', to: 'failed', err: 'container was removed' }

/** How a container ended. One that was stopped for its health still says that it was unhealthy. */
function ended({ exitCode, health }: ContainerState): Advance {
  if (health === 'unhealthy') return { kind: 'advance', to: 'failed', err: 'unhealthy container' }
  if (exitCode === 0) return { kind: 'advance', to: 'complete', message: 'finished' }
  return { kind: 'advance', to: 'failed', err: `task: non-zero exit (${exitCode})` }
}
