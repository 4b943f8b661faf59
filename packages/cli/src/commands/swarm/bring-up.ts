import { ShoalError } from '@shoal/common/errors'
import type { Node } from '@shoal/engine-api'
import { ManagerClient } from '../../client/index.js'
import { type Daemon, lastLogLines, startDaemon, waitUntil } from '../../daemon/index.js'
import type { Io } from '../lib/command.js'

/** A daemon that was started by this command. */
export type Started = ReturnType<typeof startDaemon>

/** The API of this host's own manager, whatever DOCKER_HOST says. */
export function localManager(socketPath: string): ManagerClient {
  return ManagerClient.at({ kind: 'socket', path: socketPath, shown: `unix://${socketPath}` })
}

/** How a start went. */
export type StartOutcome =
  | { readonly kind: 'up'; readonly process: Started }
  /** It has ended in good order: it is not wanted here. */
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'failed'; readonly what: string }

/**
 * Starts a daemon and waits until it is of use; one that is not is told to end.
 * @param patienceMs milliseconds
 */
export async function tryToStart(
  daemon: Daemon,
  io: Io,
  patienceMs: number,
  isUp: () => boolean | Promise<boolean>,
): Promise<StartOutcome> {
  const process = startDaemon(daemon)
  let up = false
  await waitUntil(async () => (up = await isUp()) || !process.alive(), io.clock, patienceMs)
  if (up) return { kind: 'up', process }
  if (process.endedWell()) return { kind: 'unwanted' }
  const what = process.alive() ? `has not come up within ${patienceMs / 1000} seconds` : 'has ended'
  process.stop()
  return { kind: 'failed', what }
}

/** What a daemon said last, for whoever is told that it did not come up. */
export function withItsLog(daemon: Daemon, what: string): string {
  return `the ${daemon.kind} ${what}. Its log ends with:\n${lastLogLines(daemon)}`
}

/** As `tryToStart`. @throws unavailable, with what the daemon said last, unless it is up */
export async function bringUp(...start: Parameters<typeof tryToStart>): Promise<Started> {
  const [daemon] = start
  const outcome = await tryToStart(...start)
  if (outcome.kind === 'up') return outcome.process
  const what = outcome.kind === 'unwanted' ? 'has ended' : outcome.what
  throw new ShoalError('unavailable', withItsLog(daemon, what))
}

/** Whether a manager answers and knows its cluster. */
export async function answers(client: ManagerClient): Promise<boolean> {
  try {
    await client.ping()
    await client.swarm()
    return true
  } catch {
    return false
  }
}

/** The node of the manager's host, once its agent has said that it is ready. */
export async function readyNode(client: ManagerClient): Promise<Node | undefined> {
  try {
    const self = (await client.info()).Swarm?.NodeID
    const nodes = await client.nodes()
    return nodes.find((node) => node.Status.State === 'ready' && (!self || node.ID === self))
  } catch {
    return undefined
  }
}
