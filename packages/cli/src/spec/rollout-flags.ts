import type { UpdateConfig } from '@shoal/engine-api'
import { parseDuration, parseFloatNumber, parseUint } from '../values/index.js'
import type { ServiceDraft } from './draft.js'
import { anyText, type Flag, single } from './flag.js'

/** What docker writes down as soon as one of the fields is given. */
const DEFAULTS: UpdateConfig = {
  Parallelism: 1,
  Delay: 0,
  Monitor: 5e9,
  FailureAction: 'pause',
  MaxFailureRatio: 0,
  Order: 'stop-first',
}

interface Wording {
  prefix: 'update' | 'rollback'
  field: 'UpdateConfig' | 'RollbackConfig'
  updated: string
  all: string
  between: string
  each: string
  failure: string
  actions: string
  during: string
  order: string
}

function rolloutFlags(words: Wording): Flag[] {
  const config = (draft: ServiceDraft): UpdateConfig => (draft.spec[words.field] ??= { ...DEFAULTS })
  const name = (field: string): string => `${words.prefix}-${field}`
  return [
    single(
      name('parallelism'),
      { value: 'uint' },
      `Maximum number of tasks ${words.updated} simultaneously (0 to ${words.all} all at once) (default 1)`,
      parseUint,
      (draft, count) => (config(draft).Parallelism = count),
    ),
    single(
      name('delay'),
      { value: 'duration' },
      `Delay between ${words.between} (ns|us|ms|s|m|h) (default 0s)`,
      parseDuration,
      (draft, delay) => (config(draft).Delay = delay),
    ),
    single(
      name('monitor'),
      { value: 'duration' },
      `Duration after each task ${words.each} to monitor for failure (ns|us|ms|s|m|h) (default 5s)`,
      parseDuration,
      (draft, period) => (config(draft).Monitor = period),
    ),
    single(
      name('failure-action'),
      { value: 'string' },
      `Action on ${words.failure} failure (${words.actions}) (default "pause")`,
      anyText,
      (draft, action) => (config(draft).FailureAction = action),
    ),
    single(
      name('max-failure-ratio'),
      { value: 'float' },
      `Failure rate to tolerate during ${words.during} (default 0)`,
      parseFloatNumber,
      (draft, ratio) => (config(draft).MaxFailureRatio = ratio),
    ),
    single(
      name('order'),
      { value: 'string' },
      `${words.order} order ("start-first", "stop-first") (default "stop-first")`,
      anyText,
      (draft, order) => (config(draft).Order = order),
    ),
  ]
}

/** Flags about rollouts and rollbacks. */
export const ROLLOUT_FLAGS: readonly Flag[] = [
  ...rolloutFlags({
    prefix: 'update',
    field: 'UpdateConfig',
    updated: 'updated',
    all: 'update',
    between: 'updates',
    each: 'update',
    failure: 'update',
    actions: '"pause", "continue", "rollback"',
    during: 'an update',
    order: 'Update',
  }),
  ...rolloutFlags({
    prefix: 'rollback',
    field: 'RollbackConfig',
    updated: 'rolled back',
    all: 'roll back',
    between: 'task rollbacks',
    each: 'rollback',
    failure: 'rollback',
    actions: '"pause", "continue"',
    during: 'a rollback',
    order: 'Rollback',
  }),
]
