import { ShoalError, type Clock } from '@shoal/common'

/** What was in use on a node, by whomever, when its agent measured it last. */
export interface NodeUse {
  /** CPUs' worth of work: 1.5 is one and a half. */
  readonly cpus: number
  readonly memoryBytes: number
}

/** Heartbeats may be a minute apart in large clusters; what is older says nothing any more. In milliseconds. */
const STALE_AFTER_MS = 5 * 60_000

/** The latest measure of each node: in memory only, since it is old when it could be read again. */
export class NodeUses {
  readonly #latest = new Map<string, { readonly use: NodeUse; readonly atMs: number }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws ShoalError `invalid-argument` for what cannot be in use */
  note(nodeId: string, use: NodeUse): void {
    const isSane = [use.cpus, use.memoryBytes].every((amount) => Number.isFinite(amount) && amount >= 0)
    if (!isSane) throw new ShoalError('invalid-argument', 'malformed measure of use')
    this.#latest.set(nodeId, { use, atMs: this.#clock.now() })
  }

  /** The same object until there is a newer one. */
  of(nodeId: string): NodeUse | undefined {
    const known = this.#latest.get(nodeId)
    if (known === undefined || this.#clock.now() - known.atMs <= STALE_AFTER_MS) return known?.use
    this.#latest.delete(nodeId)
    return undefined
  }
}
