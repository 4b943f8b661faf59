import { ShoalError } from '@shoal/common/errors'
import { type Goal, quietScreen, waitForService } from '../../progress/index.js'
import type { Io } from '../lib/command.js'

/** As a shell reports a command that ctrl-C ended. */
const INTERRUPTED = 130

/**
 * Waits for a service and shows how it goes.
 * @param id by which the service is asked for
 * @returns 0 when it converged, 130 when the user would not wait
 * @throws failed-precondition when the rollout was paused or taken back
 */
export async function waitForConvergence(io: Io, id: string, goal: Goal, quiet: boolean): Promise<number> {
  const client = io.client()
  const screen = quiet ? quietScreen : io.screen()
  const outcome = await io.untilInterrupted((signal) =>
    waitForService(id, goal, {
      source: {
        service: (ref) => client.service(ref),
        tasks: (filters) => client.tasks(filters),
        nodes: () => client.nodes(),
      },
      screen,
      clock: io.clock,
      signal,
    }),
  )
  if (outcome.kind === 'converged') return 0
  if (outcome.kind === 'failed') throw new ShoalError('failed-precondition', outcome.message)
  io.print(`Operation continuing in background.\nUse \`ctl service ps ${goal.name}\` to check progress.`)
  return INTERRUPTED
}
