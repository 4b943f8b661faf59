import { describeCommits } from './commit-contract.js'
import { describeLeases } from './lease-contract.js'
import { setStage, type Backend, type Stage } from './tools.js'
import { describeWatches } from './watch-contract.js'

/** What every backend of the store must do. To be called inside a suite; what else it does can follow. */
export function describeStore(name: string, backend: Backend): Stage {
  const stage = setStage(name, backend)
  describeCommits(stage, backend)
  describeWatches(stage, backend)
  describeLeases(stage)
  return stage
}
