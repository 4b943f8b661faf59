import type { State } from './state/state.js'
import type { StateView } from './state/view.js'

/**
 * Why this node is to run no manager any more; undefined while it may. A store without a cluster tells nothing: its
 * data is lost, or not there yet.
 */
export function whyNoManager(view: StateView, nodeId: string): string | undefined {
  if (!view.cluster()) return undefined
  const node = view.get('node', nodeId)
  if (!node) return `node ${nodeId} is not part of the cluster any more`
  return node.Spec.Role === 'manager' ? undefined : `node ${nodeId} is a worker: it was demoted`
}

/** Resolves with the reason when this node is to run no manager any more; never, when `signal` aborts first. */
export function untilNoManager(state: State, nodeId: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      const reason = whyNoManager(state, nodeId)
      if (reason === undefined) return
      unsubscribe()
      resolve(reason)
    }
    const unsubscribe = state.subscribe((changes) => {
      if (changes.some(({ kind }) => kind === 'node')) look()
    })
    signal.addEventListener('abort', unsubscribe, { once: true })
    look()
  })
}
