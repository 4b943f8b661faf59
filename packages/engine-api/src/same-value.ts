import type { EndpointSpec, TaskSpec } from './documents/index.js'

/**
 * Whether two documents say the same: absent, null, empty and zero are one, whatever the order of keys.
 * The order of lists counts. An unchanged spec that is sent again must not replace a single task.
 */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isEmpty(left) || isEmpty(right)) return isEmpty(left) && isEmpty(right)
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((element: unknown, index) => sameValue(element, right[index]))
    )
  }
  return isRecord(left) && isRecord(right) && sameFields(left, right)
}

/** What the tasks of a service are made from. */
export interface TaskMaterial {
  readonly TaskTemplate?: TaskSpec
  readonly EndpointSpec?: EndpointSpec
}

/** Whether tasks made from one are as good as tasks made from the other. */
export function sameMaterial(left: TaskMaterial, right: TaskMaterial): boolean {
  return (
    sameValue(templateMeaning(left.TaskTemplate), templateMeaning(right.TaskTemplate)) &&
    sameValue(endpointMeaning(left.EndpointSpec), endpointMeaning(right.EndpointSpec))
  )
}

/** Whether the two differ in nothing but where tasks may be placed: then a task whose node still fits may stay. */
export function sameButPlacement(left: TaskMaterial, right: TaskMaterial): boolean {
  const placeless = (material: TaskMaterial): TaskMaterial => {
    const { Placement: _placement, ...template } = material.TaskTemplate ?? {}
    return { ...material, TaskTemplate: template }
  }
  return sameMaterial(placeless(left), placeless(right))
}

/** Fields whose presence means something even when they are zero or empty are made visible. */
function templateMeaning(template: TaskSpec | undefined): unknown {
  const container = template?.ContainerSpec
  return {
    ...template,
    Runtime: template?.Runtime || 'container',
    ContainerSpec: {
      ...container,
      Isolation: container?.Isolation || 'default',
      // Each is a file of its own: docker's stack command sends them in an order that changes.
      Secrets: container?.Secrets?.toSorted(byTarget),
      Configs: container?.Configs?.toSorted(byTarget),
      // `false` overrules the engine's default, absent does not; likewise a grace period or a delay of nothing.
      init: container?.Init === undefined ? 'unset' : container.Init,
      grace: container?.StopGracePeriod === undefined ? 'unset' : container.StopGracePeriod,
    },
    restartDelay: template?.RestartPolicy?.Delay === undefined ? 'unset' : template.RestartPolicy.Delay,
  }
}

function byTarget(left: { File?: { Name?: string } }, right: { File?: { Name?: string } }): number {
  return (left.File?.Name ?? '').localeCompare(right.File?.Name ?? '')
}

function endpointMeaning(endpoint: EndpointSpec | undefined): unknown {
  return {
    Mode: endpoint?.Mode || 'vip',
    Ports: endpoint?.Ports?.map((port) => ({
      ...port,
      Protocol: port.Protocol || 'tcp',
      PublishMode: port.PublishMode || 'ingress',
    })),
  }
}

/** The fields that are maps of the user's own keys: there, a key with an empty text is not an absent key. */
const MAPS: ReadonlySet<string> = new Set(['Labels', 'Sysctls', 'DriverOpts', 'Options'])

function sameFields(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const key of keys) {
    const same = MAPS.has(key) ? sameMap(left[key], right[key]) : sameValue(left[key], right[key])
    if (!same) return false
  }
  return true
}

function sameMap(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) || Array.isArray(right)) return sameValue(left, right)
  const [leftMap, rightMap] = [isRecord(left) ? left : {}, isRecord(right) ? right : {}]
  const keys = Object.keys(leftMap)
  return (
    keys.length === Object.keys(rightMap).length &&
    keys.every((key) => Object.hasOwn(rightMap, key) && leftMap[key] === rightMap[key])
  )
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.entries(value).every(([key, field]) => isEmptyField(key, field))
}

function isEmptyField(key: string, field: unknown): boolean {
  return MAPS.has(key) && isRecord(field) ? Object.keys(field).length === 0 : isEmpty(field)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
