/** How a host stops being a manager because it leaves: it asks, over its own manager, to be demoted. */
import { type Clock, sleep } from '@shoal/common/clock'
import { messageOf } from '@shoal/common/errors'
import type { Node } from '@shoal/engine-api'
import type { ManagerClient } from '../../client/index.js'

const ATTEMPTS = 10
const RETRY_DELAY_MS = 300
const LAST_MANAGER = /last manager of the swarm/

export type Farewell =
  /** The node is a worker now. */
  | { readonly kind: 'demoted' }
  /** There is nobody to take over: the cluster ends with this host. */
  | { readonly kind: 'last' }
  /** Nobody took note. */
  | { readonly kind: 'untold'; readonly reason: string }

/** Has this host's node demoted. Its record changes while the agent leaves, and the primary may: so it tries again. */
export async function resignAsManager(client: Resigning, clock: Clock): Promise<Farewell> {
  let reason = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const node = await client.node((await client.info()).Swarm?.NodeID ?? '')
      if (node.Spec.Role === 'manager') await client.updateNode(node, { ...node.Spec, Role: 'worker' })
      return { kind: 'demoted' }
    } catch (error) {
      reason = messageOf(error)
      if (LAST_MANAGER.test(reason)) return { kind: 'last' }
      await sleep(clock, RETRY_DELAY_MS)
    }
  }
  return { kind: 'untold', reason }
}

/** What is asked of the local manager. */
type Resigning = Pick<ManagerClient, 'info' | 'node' | 'updateNode'>

const ATTEMPTING = 'You are attempting to leave the swarm on a node that is participating as a manager. '

/** Why a manager is asked for --force, in Docker's words; that a quorum may be lost does not hold here. */
export async function whyNotWithoutForce(client: Pick<ManagerClient, 'nodes'>): Promise<string> {
  const nodes = await client.nodes().catch((): Node[] => [])
  const managers = nodes.filter(({ Spec }) => Spec.Role === 'manager').length
  if (managers > 1)
    return `${ATTEMPTING}Another manager takes over. Use \`--force\` to suppress this message.`
  return `${ATTEMPTING}Removing the last manager erases all current state of the swarm. Use \`--force\` to ignore this message. `
}
