import { rolloutConfig } from '@shoal/manager/orchestrator/update/config'
import type { ServiceRecord } from '@shoal/manager/state/records'
import type { World } from '../world.js'

/** A decision may have been made before the record changed that it goes by: so long it may be under way, in milliseconds. */
export const UNDER_WAY_MS = 15_000

/** When each service was last in either order: what is decided under one may be written under the other. */
export class Orders {
  readonly #world: World
  readonly #lastOther = new Map<string, { order: string; changedMs: number }>()

  constructor(world: World) {
    this.#world = world
  }

  heard(service: ServiceRecord): void {
    // What a rebalance moves goes start-first, the rest as the service says.
    const order = service.Shoal.Rebalance ? 'either' : rolloutConfig(service).order
    const known = this.#lastOther.get(service.ID)
    if (known?.order === order) return
    const changedMs = known ? this.#world.clock.now() : -Infinity
    this.#lastOther.set(service.ID, { order, changedMs })
  }

  /** Whether nothing else can be the order under which a write of now was decided. */
  isSurely(serviceId: string, order: 'start-first' | 'stop-first'): boolean {
    const known = this.#lastOther.get(serviceId)
    return known?.order === order && this.#world.clock.now() - known.changedMs > UNDER_WAY_MS
  }
}
