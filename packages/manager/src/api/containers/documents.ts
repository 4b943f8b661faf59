import type { StateView } from '../../state/view.js'
import { clusterExecId } from './exec-id.js'
import type { Target } from './target.js'

type Document = Record<string, unknown>

/** What changes in an engine's document when the cluster shows it: by operation. */
const REWRITES: Readonly<Record<string, (document: Document, nodeId: string, state: StateView) => Document>> =
  {
    'GET json': (document, nodeId, state) => ({
      ...document,
      ...(Array.isArray(document['ExecIDs']) && {
        ExecIDs: document['ExecIDs'].map((id) => clusterExecId(String(id), nodeId)),
      }),
      // As classic Swarm told it.
      Node: nodeOf(state, nodeId),
    }),
    'POST exec': (document, nodeId) => withExecId(document, 'Id', nodeId),
    'GET exec/json': (document, nodeId) => withExecId(document, 'ID', nodeId),
  }

/** Whether an answer is a document that the cluster shows otherwise than the engine. */
export function isRewritten({ operation }: Target): boolean {
  return REWRITES[operation] !== undefined
}

export function rewritten(document: Document, { operation, nodeId }: Target, state: StateView): Document {
  return REWRITES[operation]?.(document, nodeId, state) ?? document
}

function withExecId(document: Document, field: string, nodeId: string): Document {
  const id = document[field]
  return typeof id === 'string' ? { ...document, [field]: clusterExecId(id, nodeId) } : document
}

function nodeOf(state: StateView, nodeId: string): Document {
  const node = state.get('node', nodeId)
  return { ID: nodeId, Name: node?.Description.Hostname ?? '', IP: node?.Status.Addr ?? '' }
}
