import type { ManagerClient } from '../../client/index.js'

/** The node that a user means: `self` is the one that the manager's host is. */
export async function nodeReference(client: ManagerClient, ref: string): Promise<string> {
  if (ref !== 'self') return ref
  return (await client.info()).Swarm?.NodeID ?? ref
}
