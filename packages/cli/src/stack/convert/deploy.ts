import type { EndpointSpec, ServiceMode, TaskSpec, UpdateConfig } from '@shoal/engine-api'
import { parseDuration, parseUint } from '../../values/index.js'
import { cut } from '../../values/invalid.js'
import {
  countAt,
  defined,
  invalidAt,
  listAt,
  mapAt,
  numberAt,
  parsedAt,
  type Path,
  textAt,
  type Tree,
  type TreeMap,
} from '../read/tree.js'

export const durationAt = (tree: Tree | undefined, path: Path): number | undefined =>
  parsedAt(tree, path, parseDuration)

/** The mode, from `deploy.mode`, `deploy.replicas` and `scale`. */
export function modeOf(service: TreeMap, deploy: TreeMap, path: Path): ServiceMode {
  const here = [...path, 'deploy', 'mode']
  const mode = textAt(deploy['mode'], here) ?? 'replicated'
  const scale = countAt(service['scale'], [...path, 'scale'])
  const replicas = countAt(deploy['replicas'], [...path, 'deploy', 'replicas']) ?? scale
  if (scale !== undefined && scale !== replicas)
    throw invalidAt([...path, 'scale'], 'contradicts deploy.replicas')
  if (mode === 'replicated') return { Replicated: defined({ Replicas: replicas }) }
  if (mode === 'replicated-job') {
    return { ReplicatedJob: defined({ MaxConcurrent: replicas, TotalCompletions: replicas }) }
  }
  if (replicas !== undefined)
    throw invalidAt(here, `is ${mode}: replicas can only be used with replicated or replicated-job mode`)
  if (mode === 'global') return { Global: {} }
  if (mode === 'global-job') return { GlobalJob: {} }
  throw invalidAt(here, `is unknown: ${mode}`)
}

/** An update or rollback config; one task at a time when it does not say how many. */
export function rolloutOf(tree: Tree | undefined, path: Path): UpdateConfig | undefined {
  if (tree === undefined || tree === null) return undefined
  const config = mapAt(tree, path)
  return defined({
    Parallelism: countAt(config['parallelism'], [...path, 'parallelism']) ?? 1,
    Delay: durationAt(config['delay'], [...path, 'delay']),
    FailureAction: textAt(config['failure_action'], [...path, 'failure_action']),
    Monitor: durationAt(config['monitor'], [...path, 'monitor']),
    MaxFailureRatio: numberAt(config['max_failure_ratio'], [...path, 'max_failure_ratio']),
    Order: textAt(config['order'], [...path, 'order']),
  })
}

/** `deploy.restart_policy`, or what `restart` says. */
export function restartPolicyOf(service: TreeMap, deploy: TreeMap, path: Path): TaskSpec['RestartPolicy'] {
  const here = [...path, 'deploy', 'restart_policy']
  if (deploy['restart_policy'] === undefined || deploy['restart_policy'] === null) {
    return restartOf(service['restart'], [...path, 'restart'])
  }
  const policy = mapAt(deploy['restart_policy'], here)
  return defined({
    Condition: textAt(policy['condition'], [...here, 'condition']),
    Delay: durationAt(policy['delay'], [...here, 'delay']),
    MaxAttempts: countAt(policy['max_attempts'], [...here, 'max_attempts']),
    Window: durationAt(policy['window'], [...here, 'window']),
  })
}

function restartOf(tree: Tree | undefined, path: Path): TaskSpec['RestartPolicy'] {
  const restart = textAt(tree, path)
  if (restart === undefined || restart === '') return undefined
  const [condition, attempts] = cut(restart, ':')
  if (condition === 'no' || condition === 'false') return { Condition: 'none' }
  if (condition === 'always' || condition === 'unless-stopped') return { Condition: 'any' }
  if (condition !== 'on-failure') throw invalidAt(path, `is unknown: ${restart}`)
  return { Condition: 'on-failure', ...defined({ MaxAttempts: parsedAt(attempts, path, parseUint) }) }
}

/** Published ports, in order, and how the service's name is answered. */
export function endpointOf(service: TreeMap, deploy: TreeMap, path: Path): EndpointSpec {
  const here = [...path, 'ports']
  const ports = listAt(service['ports'], here).map((item, index) => {
    const place = [...here, String(index)]
    const port = mapAt(item, place)
    const target = countAt(port['target'], [...place, 'target'])
    if (target === undefined) throw invalidAt(place, 'has no target')
    return defined({
      Name: textAt(port['name'], [...place, 'name']),
      Protocol: textAt(port['protocol'], [...place, 'protocol']) ?? 'tcp',
      TargetPort: target,
      PublishedPort: publishedPort(port['published'], [...place, 'published']),
      PublishMode: textAt(port['mode'], [...place, 'mode']) ?? 'ingress',
    })
  })
  ports.sort((left, right) => (left.PublishedPort ?? 0) - (right.PublishedPort ?? 0))
  return defined({
    Mode: textAt(deploy['endpoint_mode'], [...path, 'deploy', 'endpoint_mode'])?.toLowerCase(),
    Ports: ports.length > 0 ? ports : undefined,
  })
}

/** A cluster publishes one port: a range to choose from cannot be honoured. */
function publishedPort(tree: Tree | undefined, path: Path): number | undefined {
  const text = textAt(tree, path)
  if (text === undefined || text === '') return undefined
  if (/^\d+-\d+$/.test(text))
    throw invalidAt(path, `is a range to choose from, which cannot be honoured: ${text}`)
  return countAt(text, path)
}
