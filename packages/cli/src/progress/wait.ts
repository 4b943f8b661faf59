import { type Clock, sleep } from '@shoal/common/clock'
import { isRetryable, messageOf } from '@shoal/common/errors'
import type { Node, Service, Task } from '@shoal/engine-api'
import { decideProgress, type Goal, type Look, type Memory, type Outcome } from './decide.js'
import { progressLines } from './lines.js'
import type { Screen } from './screen.js'

const POLL_MS = 200
/** How long a manager may be away (restarting, or another taking over) before waiting is given up. */
const PATIENCE_MS = 60_000

/** What the wait asks of the manager. */
export interface ProgressSource {
  service(id: string): Promise<Service>
  tasks(filters: Record<string, string[]>): Promise<Task[]>
  nodes(): Promise<Node[]>
}

export interface WaitTools {
  source: ProgressSource
  screen: Screen
  clock: Clock
  /** Ends the wait, not the change. */
  signal: AbortSignal
}

/**
 * Follows a service until it has converged or failed to.
 * @returns how it ended; `interrupted` when the signal was given first
 * @throws what the source throws, except that a manager that is away for a while is waited for
 */
export async function waitForService(
  serviceId: string,
  goal: Goal,
  tools: WaitTools,
): Promise<Outcome | { kind: 'interrupted' }> {
  const { clock, screen, signal, source } = tools
  let memory: Memory = {}
  let awaySinceMs: number | undefined
  while (!signal.aborted) {
    try {
      const look = await lookAt(serviceId, source)
      awaySinceMs = undefined
      const decided = decideProgress(goal, memory, look, clock.now())
      memory = decided.memory
      screen.show(progressLines(decided.progress))
      if (decided.progress.outcome !== undefined) return decided.progress.outcome
    } catch (error) {
      awaySinceMs ??= clock.now()
      if (!isRetryable(error) || clock.now() - awaySinceMs >= PATIENCE_MS) throw error
      screen.show([{ id: 'overall', text: `overall progress: waiting for the manager: ${messageOf(error)}` }])
    }
    await sleep(clock, POLL_MS, signal)
  }
  return { kind: 'interrupted' }
}

async function lookAt(serviceId: string, source: ProgressSource): Promise<Look> {
  const service = await source.service(serviceId)
  const [tasks, nodes] = await Promise.all([
    source.tasks({ service: [service.ID], '_up-to-date': ['true'] }),
    source.nodes(),
  ])
  return { service, tasks, nodes }
}
