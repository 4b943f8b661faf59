import { isTerminal, stateRank, type TaskState } from '@shoal/common/task-state'
import type { Progress, Slot } from './decide.js'

/** One line of a progress display; lines with the same `id` replace each other. */
export interface ProgressLine {
  id: string
  text: string
  /** How far, of 0 … 1; only lines that have a bar. */
  fraction?: number | undefined
  /** Whether the line may be left out where there is no room for all. */
  optional?: boolean
}

/** Services with more slots show them only in sum. */
const MOST_BARS = 20
const LONGEST_STATE = 'preparing'.length

/** What a progress display says, from top to bottom: the sum, a line per slot, why slots are stuck, the verdict. */
export function progressLines(progress: Progress): ProgressLine[] {
  const lines = [overall(progress)]
  if (progress.note !== undefined) lines.push({ id: 'note', text: progress.note })
  const slots = progress.slots ?? []
  const width = Math.max(0, ...slots.map(({ name }) => name.length))
  if (slots.length <= MOST_BARS) lines.push(...slots.map((slot) => slotLine(slot, progress.job, width)))
  lines.push(...reasonLines(slots))
  if (progress.unplaced !== undefined) {
    lines.push({ id: 'explain', text: `  node by node: ctl service explain ${progress.unplaced}` })
  }
  const verdict = progress.outcome?.kind === 'converged' ? progress.outcome.message : progress.verify
  if (verdict !== undefined) lines.push({ id: 'verify', text: `verify: ${verdict}` })
  return lines
}

function overall(progress: Progress): ProgressLine {
  const id = 'overall'
  if (progress.slots === undefined) return { id, text: 'overall progress: waiting for new tasks' }
  const count = `${progress.done} out of ${progress.slots.length}`
  if (progress.job) return { id, text: `job progress: ${count} complete` }
  return {
    id,
    text: `overall progress: ${progress.rollingBack ? 'rolling back update: ' : ''}${count} tasks`,
  }
}

function slotLine(slot: Slot, job: boolean, width: number): ProgressLine {
  const state = shownState(slot)
  const last = stateRank(job ? 'complete' : 'running')
  const ended = isTerminal(state as TaskState) && !slot.done
  const fraction =
    ended || state === '' ? undefined : Math.min(1, (stateRank(state as TaskState) + 1) / (last + 1))
  const text = `${slot.name.padStart(width)}: ${state.padEnd(LONGEST_STATE)}`
  return { id: slot.name, text, fraction, optional: true }
}

/** A task of an earlier time that was shut down says nothing of the one that is to come in its place. */
function shownState({ task }: Slot): string {
  const state = task?.Status.State ?? ''
  return state === 'shutdown' ? '' : state
}

/** Slots that are stuck for the same reason share a line. */
function reasonLines(slots: readonly Slot[]): ProgressLine[] {
  const slotsByReason = new Map<string, string[]>()
  for (const { reason, name } of slots) {
    if (reason !== undefined) slotsByReason.set(reason, [...(slotsByReason.get(reason) ?? []), name])
  }
  return [...slotsByReason].map(([reason, names]) => {
    const who = names.length > 3 ? `${names.length} tasks` : names.join(', ')
    return { id: `why ${reason}`, text: `  ${who}: ${reason.replaceAll(/\s*\n\s*/g, ' ')}` }
  })
}
