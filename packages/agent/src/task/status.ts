import { toTimestamp, type TaskState } from '@shoal/common'
import type { TaskStatus } from '@shoal/engine-api'
import type { Advance, Observed } from './decide.js'

/** The status of a task that has just arrived. */
export function assignedStatus(nowMs: number): TaskStatus {
  return { Timestamp: toTimestamp(nowMs), State: 'assigned', Message: 'assigned' }
}

/** The status after a step, with what is known of the container. */
export function advanced(previous: TaskStatus, step: Advance, observed: Observed, nowMs: number): TaskStatus {
  return {
    Timestamp: toTimestamp(nowMs),
    State: step.to,
    Message: step.message ?? previous.Message,
    ...(step.err === undefined ? {} : { Err: step.err }),
    ...containerPart(previous, step.to, observed),
  }
}

function containerPart(previous: TaskStatus, state: TaskState, observed: Observed): Partial<TaskStatus> {
  if (observed === 'unknown' || observed === 'absent')
    return previous.ContainerStatus ? { ContainerStatus: { ...previous.ContainerStatus, PID: 0 } } : {}
  return {
    ContainerStatus: { ContainerID: observed.id, PID: observed.pid, ExitCode: observed.exitCode },
    ...(state === 'running' && observed.ports.length > 0
      ? { PortStatus: { Ports: [...observed.ports] } }
      : {}),
  }
}
