import {
  FAILURE_ACTIONS,
  UPDATE_ORDERS,
  type ServiceMode,
  type ServiceSpec,
  type StringMap,
  type UpdateConfig,
} from '../documents/index.js'
import { DRAIN_PERIOD_LABEL, drainPeriodMs } from '../drain-period.js'
import { isJob } from '../defaults.js'
import { parseAffinities } from '../placement/index.js'
import { validateEndpointSpec } from './endpoint.js'
import { checkDnsName } from './name.js'
import { checkPlacementLabels } from './placement-labels.js'
import { checkWord, refuse, refuseArgument } from './refuse.js'
import { validateTaskSpec } from './task.js'

/**
 * Refuses what Docker refuses, in its words. The name must have been given, or made up, before.
 * @throws InvalidDocument for the first fault
 */
export function validateServiceSpec(spec: ServiceSpec): void {
  checkDnsName(spec.Name ?? '')
  validateTaskSpec(spec.TaskTemplate ?? {})
  checkOwnAffinities(spec)
  checkMode(spec.Mode ?? {})
  checkDrainPeriod(spec.Labels ?? {})
  checkPlacementLabels(spec.Labels ?? {})
  validateEndpointSpec(spec.EndpointSpec ?? {})
  if (isJob(spec) && (spec.UpdateConfig ?? spec.RollbackConfig)) {
    refuseArgument('update and rollback configuration is not supported for jobs')
  }
  checkUpdateConfig(spec.UpdateConfig, 'update', FAILURE_ACTIONS)
  checkUpdateConfig(spec.RollbackConfig, 'rollback', ['pause', 'continue'])
}

/** The first task of such a service would wait for itself. */
function checkOwnAffinities(spec: ServiceSpec): void {
  const own = parseAffinities(spec.TaskTemplate?.Placement?.Constraints ?? []).find(
    (affinity) => affinity.operator === '==' && !affinity.isSoft && affinity.isMeant({ Spec: spec }),
  )
  if (own) {
    refuseArgument(`${own.text}: the service itself is meant, and its first task would wait for it: use ==~`)
  }
}

function checkMode(mode: ServiceMode): void {
  const given = [mode.Replicated, mode.Global, mode.ReplicatedJob, mode.GlobalJob].filter(Boolean)
  if (given.length > 1) refuse('must specify only one service mode')
}

function checkDrainPeriod(labels: StringMap): void {
  const value = labels[DRAIN_PERIOD_LABEL]
  if (value === undefined || drainPeriodMs(labels) !== undefined) return
  refuseArgument(
    `invalid value ${JSON.stringify(value)} for the label ${DRAIN_PERIOD_LABEL}: it must be a duration from 0 to 1h, such as 30s`,
  )
}

function checkUpdateConfig(
  config: UpdateConfig | undefined,
  name: 'update' | 'rollback',
  actions: readonly string[],
): void {
  if (!config) return
  checkWord(config.FailureAction, actions, (word) => `unrecognized ${name} failure action ${word}`)
  checkWord(config.Order, UPDATE_ORDERS, (word) => `unrecognized ${name} order ${word}`)
  if ((config.Delay ?? 0) < 0) refuseArgument(`TaskSpec: ${name}-delay cannot be negative`)
  if ((config.Monitor ?? 0) < 0) refuseArgument(`TaskSpec: ${name}-monitor cannot be negative`)
  const ratio = config.MaxFailureRatio ?? 0
  if (ratio < 0 || ratio > 1) {
    refuseArgument(`TaskSpec: ${name}-maxfailureratio cannot be less than 0 or bigger than 1`)
  }
}
