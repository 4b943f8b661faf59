import { MIN_NODE_CERT_EXPIRY_NS } from '../defaults.js'
import { NODE_AVAILABILITIES, NODE_ROLES, type NodeSpec, type SwarmSpec } from '../documents/index.js'
import { checkWord, quoted, refuse, refuseArgument } from './refuse.js'
import { checkPlacementLabels } from './placement-labels.js'

/** @throws InvalidDocument in Docker's words */
export function validateNodeSpec(spec: NodeSpec): void {
  checkWord(spec.Role?.toLowerCase(), NODE_ROLES, () => `invalid Role: ${quoted(spec.Role ?? '')}`)
  checkWord(
    spec.Availability?.toLowerCase(),
    NODE_AVAILABILITIES,
    () => `invalid Availability: ${quoted(spec.Availability ?? '')}`,
  )
}

/** Judges a swarm spec after it was laid over the present one. @throws InvalidDocument in Docker's words */
export function validateSwarmSpec(spec: SwarmSpec): void {
  if (spec.Name && spec.Name !== 'default') refuse('swarm spec must be named "default"')
  const expiry = spec.CAConfig?.NodeCertExpiry
  if (expiry !== undefined && expiry !== 0 && expiry < MIN_NODE_CERT_EXPIRY_NS) {
    refuseArgument('minimum certificate expiry time is: 1h0m0s')
  }
  if ((spec.Dispatcher?.HeartbeatPeriod ?? 0) < 0) {
    refuseArgument('heartbeat time period cannot be a negative duration')
  }
  if ((spec.Orchestration?.TaskHistoryRetentionLimit ?? 0) < 0) {
    refuseArgument('TaskHistoryRetentionLimit cannot be negative')
  }
  checkPlacementLabels(spec.Labels ?? {})
}
