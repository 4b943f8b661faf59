import { ShoalError } from '@shoal/common/errors'
import type { Node } from '@shoal/engine-api'
import { callerFor, ManagerClient } from '../../client/index.js'
import { type Daemon, lastLogLines, startDaemon, waitUntil } from '../../daemon/index.js'
import type { Io } from '../lib/command.js'

/** A daemon that was started by this command. */
export type Started = ReturnType<typeof startDaemon>

/** The API of this host's own manager, whatever DOCKER_HOST says. */
export function localManager(socketPath: string): ManagerClient {
  return new ManagerClient(callerFor({ kind: 'socket', path: socketPath, shown: `unix://${socketPath}` }))
}

/**
 * Starts a daemon and waits until it is of use.
 * @param patienceMs milliseconds
 * @throws unavailable, with what the daemon said last, when it ends or is of no use in time; it is then told to end
 */
export async function bringUp(
  daemon: Daemon,
  io: Io,
  patienceMs: number,
  isUp: () => boolean | Promise<boolean>,
): Promise<Started> {
  const process = startDaemon(daemon)
  let up = false
  await waitUntil(async () => (up = await isUp()) || !process.alive(), io.clock, patienceMs)
  if (up) return process
  const what = process.alive() ? `has not come up within ${patienceMs / 1000} seconds` : 'has ended'
  process.stop()
  throw new ShoalError(
    'unavailable',
    `the ${daemon.kind} ${what}. Its log ends with:\n${lastLogLines(daemon)}`,
  )
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
