/** One measurement, in a process of its own, so that none inherits the heap of another: JSON in, a line of JSON out. */
import type { LiveState } from '@shoal/manager/state/index'
import { profiled } from '../profile.js'
import { fillCluster, type ClusterShape } from './cluster.js'
import { checkSpread, placeAll, type Placed } from './place.js'
import { rollService, type Rolled } from './roll.js'
import { scaleServices } from './scale.js'

export interface CaseOrder {
  readonly type: keyof Outcomes
  readonly name: string
  readonly shape: ClusterShape
  /** Where the profiles of the measured time go, if anywhere. */
  readonly profileDir?: string
}

export interface Outcomes {
  readonly place: Placed
  readonly scale: { readonly cpuMs: number }
  readonly roll: Rolled
}

/** How many services are scaled, one after the other. */
const SCALED = 9
/** How many batches of a rollout go by. */
const ROLLED = 20

const MEASUREMENTS: {
  [Type in keyof Outcomes]: (state: LiveState, shape: ClusterShape) => Promise<Outcomes[Type]>
} = {
  place: placeAll,
  scale: async (state) => ({ cpuMs: await scaleServices(state, SCALED) }),
  roll: (state) => rollService(state, ROLLED),
}

async function run(order: CaseOrder): Promise<Outcomes[keyof Outcomes]> {
  const { shape, profileDir, name } = order
  const state = await fillCluster(shape)
  const measure = (): Promise<Outcomes[keyof Outcomes]> => MEASUREMENTS[order.type](state, shape)
  const outcome = await (profileDir === undefined ? measure() : profiled(profileDir, name, measure))
  if (order.type === 'place') checkSpread(state, shape)
  return outcome
}

const outcome = await run(JSON.parse(process.argv[2] ?? '{}') as CaseOrder)
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0))
