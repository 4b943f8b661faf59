import type { NodeInfo } from './node-info.js'

/** Only failures this recent count against a node, in milliseconds. */
export const FAILURE_WINDOW_MS = 5 * 60_000
/** A node on which a service failed this often within the window comes last for that service. */
export const MANY_FAILURES = 5
/** More are not remembered: the count only orders nodes that all come last. */
const REMEMBERED = 20

/** When tasks of each service failed on each node. */
export class Failures {
  readonly #byService = new Map<string, Map<NodeInfo, number[]>>()

  note(serviceId: string, node: NodeInfo, atMs: number): void {
    const byNode = this.#byService.get(serviceId) ?? new Map<NodeInfo, number[]>()
    this.#byService.set(serviceId, byNode)
    const times = byNode.get(node) ?? []
    times.push(atMs)
    if (times.length > REMEMBERED) times.shift()
    byNode.set(node, times)
  }

  /** The recent failures of the service on each node that has many of them. Forgets those that are long ago. */
  troubled(serviceId: string, nowMs: number): Map<NodeInfo, number> {
    const troubled = new Map<NodeInfo, number>()
    const byNode = this.#byService.get(serviceId)
    for (const [node, times] of byNode ?? []) {
      const recent = times.filter((atMs) => atMs > nowMs - FAILURE_WINDOW_MS)
      if (recent.length === 0 || node.gone) byNode?.delete(node)
      else byNode?.set(node, recent)
      if (recent.length >= MANY_FAILURES) troubled.set(node, recent.length)
    }
    if (byNode?.size === 0) this.#byService.delete(serviceId)
    return troubled
  }

  forget(serviceId: string): void {
    this.#byService.delete(serviceId)
  }
}
