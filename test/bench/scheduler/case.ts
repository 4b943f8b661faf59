/** One measurement, in a process of its own, so that none inherits the heap of another: JSON in, a line of JSON out. */
import { profiled } from '../profile.js'
import { fillCluster, type ClusterShape } from './cluster.js'
import { checkSpread, placeAll, type Placed } from './place.js'
import { scaleServices } from './scale.js'

export interface CaseOrder {
  readonly type: 'place' | 'scale'
  readonly name: string
  readonly shape: ClusterShape
  /** Where the profiles of the measured time go, if anywhere. */
  readonly profileDir?: string
}

export interface Outcomes {
  readonly place: Placed
  readonly scale: { readonly cpuMs: number }
}

/** How many services are scaled, one after the other. */
const SCALED = 9

async function run(order: CaseOrder): Promise<Outcomes[CaseOrder['type']]> {
  const { shape, profileDir, name } = order
  const state = await fillCluster(shape)
  const measure = async (): Promise<Outcomes[CaseOrder['type']]> =>
    order.type === 'place' ? placeAll(state, shape) : { cpuMs: await scaleServices(state, SCALED) }
  const outcome = await (profileDir === undefined ? measure() : profiled(profileDir, name, measure))
  if (order.type === 'place') checkSpread(state, shape)
  return outcome
}

const outcome = await run(JSON.parse(process.argv[2] ?? '{}') as CaseOrder)
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0))
