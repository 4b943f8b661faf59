import type { ManagerClient } from '../../client/index.js'
import type { Io } from '../lib/command.js'

/** Prints how another host joins, as docker does; nothing on a node that is no manager. */
export async function printJoinCommand(
  client: ManagerClient,
  io: Io,
  nodeId: string,
  role: 'worker' | 'manager',
): Promise<void> {
  const node = await client.node(nodeId)
  const { JoinTokens: tokens } = await client.swarm()
  if (node.ManagerStatus === undefined) return
  const token = role === 'worker' ? tokens.Worker : tokens.Manager
  io.print(
    `To add a ${role} to this swarm, run the following command:\n\n    ctl swarm join --token ${token} ${node.ManagerStatus.Addr}\n`,
  )
}
