import { type Clock, sleep } from '@shoal/common/clock'
import { isRetryable, ShoalError } from '@shoal/common/errors'
import type { ManagerClient, RebalanceAnswer } from '../../client/index.js'
import { quietScreen, type Screen } from '../../progress/index.js'
import { argument, type Command, type Io, isOn } from '../lib/command.js'

const POLL_MS = 200
/** How long a manager may be away (restarting, or another taking over) before waiting is given up. */
const PATIENCE_MS = 60_000
/** As a shell reports a command that ctrl-C ended. */
const INTERRUPTED = 130

export const command: Command = {
  usage: '[OPTIONS] SERVICE',
  description: `Spread the tasks of a service anew

Tasks of a replicated service move from the nodes with the most of them to
those with the fewest, as many at a time as the service's update parallelism
says. A task is stopped only when its successor runs on the new node.`,
  examples: ['ctl service rebalance web'],
  flags: [
    { name: 'detach', short: 'd', help: 'Exit immediately instead of waiting until all have moved' },
    { name: 'quiet', short: 'q', help: 'Suppress progress output' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const ref = argument(args, 0)
    await io.client().rebalance(ref)
    if (isOn(given, 'detach')) {
      io.print(ref)
      return 0
    }
    return waitUntilEven(io, ref, isOn(given, 'quiet') ? quietScreen : io.screen())
  },
}

/** @throws failed-precondition when it ended before all was even */
async function waitUntilEven(io: Io, ref: string, screen: Screen): Promise<number> {
  const end = await io.untilInterrupted((signal) =>
    follow(io.client(), ref, { screen, clock: io.clock, signal }),
  )
  if (end === undefined) {
    io.print(`Operation continuing in background.\nUse \`ctl service ps ${ref}\` to check progress.`)
    return INTERRUPTED
  }
  if (end.Failure !== undefined) {
    throw new ShoalError('failed-precondition', `rebalance ended early (${moved(end.Moved)}): ${end.Failure}`)
  }
  io.print(`${ref} rebalanced: ${moved(end.Moved)}`)
  return 0
}

/** @returns how it ended; undefined when the signal was given first */
async function follow(
  client: ManagerClient,
  ref: string,
  { screen, clock, signal }: { screen: Screen; clock: Clock; signal: AbortSignal },
): Promise<RebalanceAnswer | undefined> {
  let awaySinceMs: number | undefined
  while (!signal.aborted) {
    try {
      const answer = await client.rebalanceProgress(ref)
      awaySinceMs = undefined
      if (answer.State !== 'moving') return answer
      screen.show([{ id: 'overall', text: `${moved(answer.Moved)}, ${answer.Moving} on the way` }])
    } catch (error) {
      awaySinceMs ??= clock.now()
      if (!isRetryable(error) || clock.now() - awaySinceMs >= PATIENCE_MS) throw error
    }
    await sleep(clock, POLL_MS, signal)
  }
  return undefined
}

function moved(count: number): string {
  return count === 1 ? '1 task moved' : `${count} tasks moved`
}
