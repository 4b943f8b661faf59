import type { HealthConfig } from '@shoal/engine-api'
import { parseInteger, parsePositiveDuration } from '../values/index.js'
import { containerOf, type ServiceDraft } from './draft.js'
import { anyText, type Flag, single, toggle } from './flag.js'

type TimeField = 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'

function health(draft: ServiceDraft): HealthConfig {
  const config = (containerOf(draft).Healthcheck ??= {})
  if (config.Test?.[0] === 'NONE') delete config.Test
  return config
}

function time(name: string, field: TimeField, help: string): Flag {
  return single(name, { value: 'duration' }, `${help} (ms|s|m|h)`, parsePositiveDuration, (draft, period) => {
    health(draft)[field] = period
  })
}

/** Flags about the health check. `finish.ts` refuses --no-healthcheck beside the others. */
export const HEALTH_FLAGS: readonly Flag[] = [
  toggle('no-healthcheck', 'Disable any container-specified HEALTHCHECK', (draft, on) => {
    if (on) containerOf(draft).Healthcheck = { Test: ['NONE'] }
  }),
  single('health-cmd', { value: 'string' }, 'Command to run to check health', anyText, (draft, command) => {
    const config = health(draft)
    if (command === '') delete config.Test
    else config.Test = ['CMD-SHELL', command]
  }),
  time('health-interval', 'Interval', 'Time between running the check'),
  time('health-timeout', 'Timeout', 'Maximum time to allow one check to run'),
  time(
    'health-start-period',
    'StartPeriod',
    'Start period for the container to initialize before counting retries towards unstable',
  ),
  time('health-start-interval', 'StartInterval', 'Time between running the check during the start period'),
  single(
    'health-retries',
    { value: 'int' },
    'Consecutive failures needed to report unhealthy',
    parseInteger,
    (draft, retries) => {
      health(draft).Retries = retries
    },
  ),
]
