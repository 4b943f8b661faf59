import { unreachable } from '@shoal/common'
import type { PortConfig, ServiceSpec, TaskSpec, UpdateConfig } from '@shoal/engine-api'
import type { Behaviour } from './images.js'
import type { Dice } from './dice.js'

const SECOND = 1_000_000_000
/** A service of this name rebalances by itself. */
const REBALANCED = 's5'
const HOST_PORTS = [8080, 9090] as const

/** A service that somebody might want: small, of either mode, now and then one that cannot work. */
export function newServiceSpec(dice: Dice, name: string): ServiceSpec {
  const port = dice.chance(0.25) ? dice.pick(HOST_PORTS) : undefined
  const spec: ServiceSpec = {
    Name: name,
    ...(name === REBALANCED && { Labels: { 'shoal.rebalance': 'auto' } }),
    Mode: dice.chance(0.2) ? { Global: {} } : { Replicated: { Replicas: dice.between(1, 5) } },
    TaskTemplate: {
      ...withImage({}, image(dice)),
      ...networks(dice),
      RestartPolicy: {
        Condition: dice.weighted({ any: 6, 'on-failure': 2, none: 1 }),
        Delay: dice.pick([0, 1, 5]) * SECOND,
        ...(dice.chance(0.2) && { MaxAttempts: dice.between(1, 3) }),
      },
      ...(dice.chance(0.4) && { Resources: { Reservations: { NanoCPUs: dice.pick([0.5, 1, 2]) * 1e9 } } }),
      ...(dice.chance(0.15) && {
        Placement: { Constraints: [constraint(dice)] },
      }),
    },
    UpdateConfig: rolloutConfig(dice),
    RollbackConfig: rollbackConfig(dice),
    ...(port === undefined ? throughIngress(dice) : { EndpointSpec: { Ports: [hostPort(port)] } }),
  }
  return spec
}

function hostPort(PublishedPort: number): PortConfig {
  return { Protocol: 'tcp', TargetPort: 80, PublishedPort, PublishMode: 'host' }
}

/** Now and then a port on every node: a number of its own, or any that is free. */
function throughIngress(dice: Dice): Pick<ServiceSpec, 'EndpointSpec'> {
  if (!dice.chance(0.15)) return {}
  const PublishedPort = dice.pick([0, 80, 8080])
  const port: PortConfig = { Protocol: 'tcp', TargetPort: 80, PublishMode: 'ingress' }
  return { EndpointSpec: { Ports: [PublishedPort > 0 ? { ...port, PublishedPort } : port] } }
}

function networks(dice: Dice): Pick<TaskSpec, 'Networks'> {
  const Target = dice.weighted({ '': 6, narrow: 3, wide: 1 })
  return Target === '' ? {} : { Networks: [{ Target }] }
}

function rolloutConfig(dice: Dice): UpdateConfig {
  return {
    Parallelism: dice.pick([0, 1, 1, 2]),
    Delay: dice.pick([0, 0, 2]) * SECOND,
    Monitor: dice.pick([1, 5]) * SECOND,
    FailureAction: dice.pick(['pause', 'continue', 'rollback'] as const),
    MaxFailureRatio: dice.pick([0, 0, 0.5]),
    Order: dice.pick(['stop-first', 'start-first'] as const),
  }
}

/** A rollback cannot roll back. */
function rollbackConfig(dice: Dice): UpdateConfig {
  return { ...rolloutConfig(dice), FailureAction: dice.pick(['pause', 'continue'] as const) }
}

/** What the next user makes of it. */
export function changedSpec(dice: Dice, spec: ServiceSpec): ServiceSpec {
  const change = dice.weighted({
    image: 6,
    scale: 4,
    resources: 1,
    constraint: 1,
    rollout: 2,
    networks: 1,
    ports: 0.5,
  })
  const template = spec.TaskTemplate ?? {}
  switch (change) {
    case 'image':
      return { ...spec, TaskTemplate: withImage(template, image(dice)) }
    case 'scale':
      if (!spec.Mode?.Replicated) return { ...spec, TaskTemplate: withImage(template, image(dice)) }
      return { ...spec, Mode: { Replicated: { Replicas: dice.between(0, 6) } } }
    case 'resources':
      return {
        ...spec,
        TaskTemplate: {
          ...template,
          Resources: { Reservations: { NanoCPUs: dice.pick([0, 0.5, 1, 2]) * 1e9 } },
        },
      }
    case 'constraint': {
      const Constraints = dice.chance(0.5) ? [] : [constraint(dice)]
      return { ...spec, TaskTemplate: { ...template, Placement: { Constraints } } }
    }
    case 'networks': {
      const { Networks: _before, ...rest } = template
      return { ...spec, TaskTemplate: { ...rest, ...networks(dice) } }
    }
    case 'ports': {
      const { EndpointSpec: _before, ...rest } = spec
      return { ...rest, ...throughIngress(dice) }
    }
    case 'rollout':
      return { ...spec, UpdateConfig: rolloutConfig(dice), RollbackConfig: rollbackConfig(dice) }
    default:
      return unreachable(change)
  }
}

/** The same again, by new tasks. */
export function withForce(spec: ServiceSpec): ServiceSpec {
  const template = spec.TaskTemplate ?? {}
  return { ...spec, TaskTemplate: { ...template, ForceUpdate: (template.ForceUpdate ?? 0) + 1 } }
}

/** A global service stays as it is. */
export function withReplicas(spec: ServiceSpec, Replicas: number): ServiceSpec {
  return spec.Mode?.Replicated ? { ...spec, Mode: { Replicated: { Replicas } } } : spec
}

function constraint(dice: Dice): string {
  return dice.pick(['node.labels.zone==a', 'node.labels.zone==b', 'node.labels.zone!=a', 'node.hostname!=n1'])
}

/** What will run for sure, on any node, as often as is asked for. */
export function soundSpec(dice: Dice, spec: ServiceSpec): ServiceSpec {
  const { EndpointSpec: _ports, ...rest } = spec
  return {
    ...rest,
    Labels: { sound: 'yes' },
    TaskTemplate: {
      ...withImage({}, `good:${dice.between(0, 9)}`),
      ...(dice.chance(0.3) && { Networks: [{ Target: 'wide' }] }),
      ForceUpdate: (spec.TaskTemplate?.ForceUpdate ?? 0) + 1,
      RestartPolicy: { Condition: 'any', Delay: SECOND },
    },
    UpdateConfig: { ...rolloutConfig(dice), FailureAction: 'continue' },
  }
}

function withImage(template: TaskSpec, Image: string): TaskSpec {
  const { Healthcheck: _health, ...container } = template.ContainerSpec ?? {}
  const isChecked = Image.startsWith('slow') || Image.startsWith('sick')
  return {
    ...template,
    ContainerSpec: { ...container, Image, ...(isChecked && { Healthcheck: { Test: ['CMD', 'true'] } }) },
  }
}

function image(dice: Dice): string {
  const behaviour: Behaviour = dice.weighted({ good: 10, slow: 5, sick: 1, crash: 2, flaky: 2, missing: 1.5 })
  return `${behaviour}:${dice.between(0, 9)}`
}
