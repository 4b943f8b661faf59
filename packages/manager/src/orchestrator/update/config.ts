import { nanosecondsToMs } from '@shoal/common'
import { DEFAULT_UPDATE_CONFIG, type FailureAction, type UpdateOrder } from '@shoal/engine-api'
import type { ServiceRecord } from '../../state/records.js'

/** How a rollout proceeds, with every default filled in. */
export interface RolloutConfig {
  /** How many slots may be in motion at the same time; infinite when there is no limit. */
  readonly parallelism: number
  readonly delayMs: number
  readonly monitorMs: number
  readonly failureAction: FailureAction
  readonly maxFailureRatio: number
  readonly order: UpdateOrder
}

const DEFAULT_MONITOR_MS = nanosecondsToMs(DEFAULT_UPDATE_CONFIG.Monitor)

/** Whether the service goes back, or went back last, to its previous spec. */
export function isRollback(service: ServiceRecord): boolean {
  const state = service.UpdateStatus?.State
  return state === 'rollback_started' || state === 'rollback_paused'
}

/** The configuration that governs the rollout, or the rollback, that the service is in or would begin. */
export function rolloutConfig(service: ServiceRecord): RolloutConfig {
  const config = isRollback(service) ? service.Spec.RollbackConfig : service.Spec.UpdateConfig
  const parallelism = config ? (config.Parallelism ?? 0) : 1
  const monitorMs = nanosecondsToMs(config?.Monitor ?? 0)
  return {
    parallelism: parallelism === 0 ? Infinity : parallelism,
    delayMs: nanosecondsToMs(config?.Delay ?? 0),
    monitorMs: monitorMs > 0 ? monitorMs : DEFAULT_MONITOR_MS,
    failureAction: failureAction(config?.FailureAction),
    maxFailureRatio: config?.MaxFailureRatio ?? 0,
    order: config?.Order === 'start-first' ? 'start-first' : 'stop-first',
  }
}

function failureAction(text: string | undefined): FailureAction {
  return text === 'continue' || text === 'rollback' ? text : 'pause'
}
