import { ShoalError } from '@shoal/common'
import type { NodeSpec } from '@shoal/engine-api'
import type { NodeRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { swarmError } from '../errors.js'

/** What is known of the managers beside their records. */
export interface Managers {
  /** Whether the manager of this node is registered with the others. */
  isReached(node: NodeRecord): boolean
  /** Why no worker can become a manager, if that is so. */
  readonly refusal?: string
}

/**
 * Whether a node may take the role of a new spec: a cluster keeps a manager.
 * @throws ShoalError `failed-precondition`
 */
export function checkRoleChange(
  view: StateView,
  node: NodeRecord,
  wanted: NodeSpec,
  managers: Managers,
): void {
  const role = node.Spec.Role ?? 'worker'
  if (wanted.Role === role) return
  if (wanted.Role === 'manager') {
    if (managers.refusal !== undefined) throw new ShoalError('failed-precondition', managers.refusal)
    return
  }
  const others = otherManagers(view, node)
  if (others.length === 0) throw lastManager()
  if (!others.some((other) => managers.isReached(other))) throw lastManager('no other is reached')
}

/**
 * Whether a node may be removed: one that runs must leave first, and a manager be demoted. Force removes what is up,
 * and a manager that is not there any more.
 * @throws ShoalError `failed-precondition`
 */
export function checkRemovable(view: StateView, node: NodeRecord, force: boolean, managers: Managers): void {
  if (node.Spec.Role === 'manager') {
    const isLast = otherManagers(view, node).length === 0
    if (!force || isLast || managers.isReached(node)) throw mustBeDemoted(node)
  }
  if (!force && node.Status.State === 'ready') {
    throw swarmError('failed-precondition', `node ${node.ID} is not down and can't be removed`)
  }
}

function otherManagers(view: StateView, { ID }: NodeRecord): NodeRecord[] {
  return [...view.all('node')].filter((node) => node.Spec.Role === 'manager' && node.ID !== ID)
}

function lastManager(detail?: string): ShoalError {
  const words = 'attempting to demote the last manager of the swarm'
  return swarmError('failed-precondition', detail === undefined ? words : `${words}: ${detail}`)
}

/** In Docker's words, which clients know, although no raft is behind them here. */
function mustBeDemoted({ ID }: NodeRecord): ShoalError {
  return swarmError(
    'failed-precondition',
    `node ${ID} is a cluster manager and is a member of the raft cluster. ` +
      'It must be demoted to worker before removal',
  )
}
