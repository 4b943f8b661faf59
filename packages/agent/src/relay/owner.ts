import { ShoalError } from '@shoal/common'
import { CLUSTER_ID_LABEL, NODE_ID_LABEL, TASK_ID_LABEL } from '../executor/index.js'
import type { ContainerConcern } from './allowed.js'
import { askEngine } from './engine.js'

/** Whose containers may be touched. */
export interface Owner {
  readonly nodeId: string
  readonly clusterId: string
}

interface ContainerDocument {
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null }
}

/**
 * Makes sure that a container, or the one that an exec is of, is that of a task which this node runs for this cluster.
 * @returns the newest version of its API that the engine speaks
 * @throws ShoalError `not-found` for everything that is not, whether it exists or not; those of `askEngine`
 */
export async function checkOwner(
  concern: ContainerConcern,
  { nodeId, clusterId }: Owner,
  socketPath: string,
  signal: AbortSignal,
): Promise<string> {
  const unknown = new ShoalError('not-found', `No such ${nounOf(concern)}: ${concern.id}`)
  let { id } = concern
  if (concern.kind === 'exec') {
    const exec = await askEngine(socketPath, `/exec/${id}/json`, signal)
    const containerId = (exec.body as { ContainerID?: unknown } | null)?.ContainerID
    if (exec.status !== 200 || typeof containerId !== 'string' || !/^[0-9a-f]{64}$/.test(containerId))
      throw unknown
    id = containerId
  }
  const { status, body, apiVersion } = await askEngine(socketPath, `/containers/${id}/json`, signal)
  const labels = (body as ContainerDocument | null)?.Config?.Labels ?? {}
  const isOurs =
    status === 200 &&
    labels[NODE_ID_LABEL] === nodeId &&
    labels[CLUSTER_ID_LABEL] === clusterId &&
    labels[TASK_ID_LABEL] !== undefined
  if (!isOurs) throw unknown
  return apiVersion
}

const nounOf = ({ kind }: ContainerConcern): string => (kind === 'exec' ? 'exec instance' : 'container')
