/**
 * Services → tasks. One loop, keyed by service, decides everything that creates or stops tasks in the same slots:
 * which slots there are (replicated, global), what follows an ended task (restart), which slots change next
 * (update), which tasks have to move (drain, rebalance), and the switch inside one slot (slot). The reaper bounds what is
 * left behind. The scheduler places the tasks, the dispatcher tells the agents, the agents report.
 */
export { createReaper, type ReaperDeps } from './reaper/loop.js'
export { createServiceReconciler, type ServiceReconcilerDeps } from './service-loop/loop.js'
export { decideReaper, type ReaperPlan } from './reaper/decide.js'
export { decideService, type ServicePlan } from './service-loop/decide.js'
export { ended as endRebalance } from './rebalance/moves.js'
export { rolloutConfig } from './update/config.js'
export type { Action, Unit } from './actions.js'
