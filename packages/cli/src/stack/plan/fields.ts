import { sameValue } from '@shoal/engine-api'
import type { FieldChange } from './step.js'

/** Fields whose presence means something even when they are zero or false. */
const PRESENCE: ReadonlySet<string> = new Set([
  'TaskTemplate.ContainerSpec.Init',
  'TaskTemplate.ContainerSpec.StopGracePeriod',
  'TaskTemplate.RestartPolicy.Delay',
])

/** The fields in which two documents differ; lists are compared as a whole. */
export function changedFields(from: unknown, to: unknown, path = ''): FieldChange[] {
  const alone = PRESENCE.has(path) && (from === undefined) !== (to === undefined)
  if (isRecord(from) || isRecord(to)) {
    const [left, right] = [isRecord(from) ? from : {}, isRecord(to) ? to : {}]
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()
    const deep = keys.flatMap((key) =>
      changedFields(left[key], right[key], path === '' ? key : `${path}.${key}`),
    )
    return deep.length > 0 || sameValue(from, to) ? deep : [{ path, from, to }]
  }
  return !alone && sameValue(from, to) && !isEmptyText(path, from, to) ? [] : [{ path, from, to }]
}

/** In a map of labels or options a key with an empty text is not an absent key. */
function isEmptyText(path: string, from: unknown, to: unknown): boolean {
  return /(^|\.)(Labels|Options|Sysctls|DriverOpts)\./.test(path) && from !== to
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
