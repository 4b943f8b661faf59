import { messageOf, sleep, type Clock, type Logger } from '@shoal/common'
import { drainPeriodMs, type AssignedTask } from '@shoal/engine-api'
import { openFlows, type Run } from './apply/index.js'

export const DEFAULT_DRAIN = { longestMs: 5_000, idleMs: 2_000, pollMs: 250 } as const

export interface DrainOptions {
  readonly run: Run
  readonly clock: Clock
  readonly log: Logger
  /** How long connections are waited for at most unless the service says it, in milliseconds. */
  readonly longestMs: number
  /** A connection over which nothing has come or gone for so long is between two requests: nobody waits for it. */
  readonly idleMs: number
  readonly pollMs: number
}

/**
 * Waits until no connection to the task is in use, or they have had their time. New ones do not come any more: every
 * agent has said so before the task is told to stop.
 */
export async function drain(
  { run, clock, log, longestMs, idleMs, pollMs }: DrainOptions,
  { Attachments = [], ServiceLabels }: Pick<AssignedTask, 'Attachments' | 'ServiceLabels'>,
  signal: AbortSignal,
): Promise<void> {
  const addresses = Attachments.map(({ Address }) => Address)
  if (addresses.length === 0) return
  const giveUpAt = clock.now() + (drainPeriodMs(ServiceLabels) ?? longestMs)
  while (!signal.aborted && clock.now() < giveUpAt) {
    try {
      const flows = (await Promise.all(addresses.map((address) => openFlows(run, address)))).flat()
      if (flows.every((flow) => flow.idleMs >= idleMs)) return
    } catch (error) {
      log.warn(
        { reason: messageOf(error) },
        'open connections cannot be seen: the task is stopped without waiting',
      )
      return
    }
    await sleep(clock, pollMs, signal)
  }
}
