import { toTimestamp, unreachable } from '@shoal/common'
import { put, remove, type Mutation } from '../state/records.js'
import type { State } from '../state/state.js'
import type { Step } from './decide.js'

/**
 * Carries steps out, each by itself: none depends on another, and those that are ready together travel together.
 * What was set aside is released when the outcome is known.
 * @param now milliseconds since the epoch
 * @throws the error of one that failed, after all have been tried
 */
export async function commitSteps(state: State, steps: readonly Step[], now: number): Promise<void> {
  const outcomes = await Promise.allSettled(steps.map((step) => commitStep(state, step, now)))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function commitStep(state: State, step: Step, now: number): Promise<void> {
  const reserved = 'reserved' in step ? step.reserved : undefined
  try {
    await state.commit([mutationOf(step, now)])
    reserved?.end()
  } catch (error) {
    reserved?.end(error)
    throw error
  }
}

function mutationOf(step: Step, now: number): Mutation {
  const Timestamp = toTimestamp(now)
  switch (step.type) {
    case 'allocate': {
      const Status = { Timestamp, State: 'pending', Message: 'pending task scheduling' } as const
      return put('task', { ...step.task, NetworksAttachments: step.attachments, Status })
    }
    case 'refuse':
      return put('task', {
        ...step.task,
        Status: { ...step.task.Status, Err: step.reason, Timestamp },
      })
    case 'admit':
      return put('gateway', step.gateway)
    case 'dismiss':
      return remove('gateway', step.gateway)
    default:
      return unreachable(step)
  }
}
