/**
 * Moves tasks to where it has become emptier: when somebody asks for it, and by itself for services whose label says
 * so. What is worth moving the scheduler knows; how a task moves, start-first, is the orchestrator's affair. This loop
 * only lays down the next moves in the service's record when those before have ended, and ends the rebalance when none
 * is worth making any more.
 */
export { createRebalancer, type RebalancerDeps } from './loop.js'
export { decideRebalance, isAutomatic, type RebalancePlan } from './decide.js'
