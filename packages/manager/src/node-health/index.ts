/**
 * Tells living nodes from dead ones: heartbeats that stay away make a node `down`, which lets the
 * orchestrator replace its tasks; tasks of a node that stays down for a day, or was removed, are `orphaned`.
 * The dispatcher feeds the beats and makes nodes `ready`; only this loop takes that away for silence.
 */
export { Beats } from './beats.js'
export {
  decideNodeHealth,
  MISSED_BEATS,
  ORPHANED_AFTER_MS,
  RESTORED_PATIENCE_MS,
  type NodeHealthPlan,
} from './decide.js'
export { createNodeHealth, type BeatSource, type NodeHealth, type NodeHealthOptions } from './loop.js'
export { heartbeatPeriodMs, pulseMs, reconnectWithinMs } from './period.js'
