import { type Clock, sleep } from '@shoal/common'
import type { Executor } from './executor/index.js'
import type { AssignmentHandler, Session } from './session/index.js'
import type { HostNetwork } from './network/index.js'
import type { KeptDocuments } from './storage/index.js'
import type { Worker } from './worker/index.js'

export interface ClosableAssignments extends AssignmentHandler {
  /** From now on, what a manager still sends is not carried out any more. */
  close(): void
}

/**
 * Hands assignments on until it is closed. A manager that has not yet heard that the node leaves (or whose messages
 * are still on the way) would otherwise have new tasks started while the old ones are being removed.
 */
export function closable(handler: AssignmentHandler): ClosableAssignments {
  let open = true
  return {
    replaceAll: (tasks) => (open ? handler.replaceAll(tasks) : undefined),
    change: (change) => (open ? handler.change(change) : undefined),
    statuses: () => handler.statuses(),
    close: () => {
      open = false
    },
  }
}

export interface LeavingParts {
  readonly worker: Worker
  readonly assignments: ClosableAssignments
  readonly documents: KeptDocuments
  readonly network: Pick<HostNetwork, 'remove'>
  readonly executor: Executor
  readonly session: Session
  readonly clock: Clock
}

/** Tells the manager, if one is connected, that this node leaves; gives its tasks up meanwhile, then its network. */
export async function leave(parts: LeavingParts): Promise<void> {
  const { worker, assignments, documents, network, executor, session, clock } = parts
  assignments.close()
  const goodbye = session.leave()
  await giveUpTasks(worker, executor, clock)
  await documents.giveUp()
  await network.remove()
  await goodbye
}

const POLL_MS = 100

/** Every task gets its grace period; then nothing of this node is left on the engine. */
export async function giveUpTasks(worker: Worker, executor: Executor, clock: Clock): Promise<void> {
  await worker.replaceAll([])
  while ((await executor.list()).some((container) => container.phase === 'running'))
    await sleep(clock, POLL_MS)
  for (const container of await executor.list()) await executor.remove(container.id)
}
