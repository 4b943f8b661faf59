import type { UpdateOrder } from '@shoal/engine-api'
import type { ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { SpecVersions } from './spec-versions.js'
import { rolloutConfig } from './update/config.js'

/** What every part of one decision about one service looks at. */
export interface ServiceContext {
  readonly view: StateView
  readonly service: ServiceRecord
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly newId: () => string
  readonly specs: SpecVersions
  readonly order: UpdateOrder
  /** The tasks that a rebalance moves, with the nodes that they go to. */
  readonly moves: ReadonlyMap<string, string>
}

export function createContext(
  view: StateView,
  service: ServiceRecord,
  now: number,
  newId: () => string,
): ServiceContext {
  const specs = new SpecVersions(view, service)
  const moves = new Map(service.Shoal.Rebalance?.Moves.map(({ Task, Node }) => [Task, Node]))
  return { view, service, now, newId, specs, order: rolloutConfig(service).order, moves }
}
