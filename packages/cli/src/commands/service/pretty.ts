import type {
  ContainerSpec,
  HealthConfig,
  Service,
  ServiceSpec,
  TaskSpec,
  UpdateConfig,
} from '@shoal/engine-api'
import { ago, goDuration, humanBytes } from '../../output/index.js'

type Lines = (string | undefined | false)[]

/**
 * A service for people, in the layout of `docker service inspect --pretty`.
 * @param networks names of the networks that it is attached to
 * @param nowMs milliseconds since the epoch
 */
export function prettyService(service: Service, networks: readonly string[], nowMs: number): string {
  const { Spec: spec } = service
  const task = spec.TaskTemplate ?? {}
  const container = task.ContainerSpec ?? {}
  const sections: Lines[] = [
    [`\nID:\t\t${service.ID}`, `Name:\t\t${spec.Name ?? ''}`],
    mapSection('Labels', spec.Labels),
    modeSection(spec),
    statusSection(service, nowMs),
    placementSection(task),
    rolloutSection('UpdateConfig', 'Update order:      ', spec.UpdateConfig),
    rolloutSection('RollbackConfig', 'Rollback order:    ', spec.RollbackConfig),
    containerSection(container),
    capabilitySection(container),
    mapSection('SysCtls', container.Sysctls, ': '),
    listSection(
      'Ulimits',
      (container.Ulimits ?? []).map((limit) => ` ${limit.Name}: ${limit.Soft}:${limit.Hard}`),
    ),
    mountSection(container),
    fileSection(
      'Configs',
      (container.Configs ?? []).map((config) => [config.File?.Name, config.ConfigName]),
    ),
    fileSection(
      'Secrets',
      (container.Secrets ?? []).map((secret) => [secret.File?.Name, secret.SecretName]),
    ),
    logSection(task),
    resourceSection(task),
    [
      networks.length > 0 && `Networks: ${networks.join(' ')} `,
      `Endpoint Mode:\t${service.Endpoint.Spec?.Mode ?? spec.EndpointSpec?.Mode ?? 'vip'}`,
    ],
    portSection(service),
    healthSection(container.Healthcheck),
  ]
  return `${sections
    .flat()
    .filter((line) => typeof line === 'string')
    .join('\n')}\n`
}

function listSection(title: string, lines: readonly string[]): Lines {
  return lines.length === 0 ? [] : [`${title}:`, ...lines]
}

function mapSection(title: string, map: Record<string, string> | undefined, separator = '='): Lines {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return listSection(
    title,
    entries.map(([key, value]) => ` ${key}${value === '' ? '' : separator + value}`),
  )
}

function modeSection(spec: ServiceSpec): Lines {
  const mode = spec.Mode ?? {}
  if (mode.Global) return ['Service Mode:\tGlobal']
  if (mode.GlobalJob) return ['Service Mode:\tGlobalJob']
  if (mode.ReplicatedJob) {
    const { MaxConcurrent = 1, TotalCompletions = 1 } = mode.ReplicatedJob
    return [
      'Service Mode:\tReplicatedJob',
      ` Max Concurrent:\t${MaxConcurrent}`,
      ` Total Completions:\t${TotalCompletions}`,
    ]
  }
  return ['Service Mode:\tReplicated', ` Replicas:\t${mode.Replicated?.Replicas ?? 1}`]
}

function statusSection({ UpdateStatus: status }: Service, nowMs: number): Lines {
  if (status === undefined) return []
  return [
    'UpdateStatus:',
    ` State:\t\t${status.State}`,
    status.StartedAt !== undefined && ` Started:\t${ago(status.StartedAt, nowMs)}`,
    status.CompletedAt !== undefined && ` Completed:\t${ago(status.CompletedAt, nowMs)}`,
    ` Message:\t${status.Message}`,
  ]
}

function placementSection({ Placement: placement = {} }: TaskSpec): Lines {
  const { Constraints = [], Preferences = [], MaxReplicas = 0 } = placement
  const preferences = Preferences.map((preference) => `spread=${preference.Spread?.SpreadDescriptor ?? ''}`)
  return [
    'Placement:',
    Constraints.length > 0 && ` Constraints:\t[${Constraints.join(' ')}]`,
    preferences.length > 0 && ` Preferences:   [${preferences.join(' ')}]`,
    MaxReplicas > 0 && ` Max Replicas Per Node:   ${MaxReplicas}`,
  ]
}

function rolloutSection(title: string, orderTitle: string, config: UpdateConfig | undefined): Lines {
  if (config === undefined) return []
  return [
    `${title}:`,
    ` Parallelism:\t${config.Parallelism ?? 0}`,
    Boolean(config.Delay) && ` Delay:\t\t${goDuration(config.Delay ?? 0)}`,
    ` On failure:\t${config.FailureAction ?? 'pause'}`,
    Boolean(config.Monitor) && ` Monitoring Period: ${goDuration(config.Monitor ?? 0)}`,
    ` Max failure ratio: ${config.MaxFailureRatio ?? 0}`,
    ` ${orderTitle}${config.Order ?? 'stop-first'}`,
  ]
}

function containerSection(container: ContainerSpec): Lines {
  const { Args = [], Env = [], Dir, Init, User } = container
  return [
    'ContainerSpec:',
    ` Image:\t\t${container.Image ?? ''}`,
    Args.length > 0 && ` Args:\t\t${Args.join(' ')} `,
    Env.length > 0 && ` Env:\t\t${Env.join(' ')} `,
    Boolean(Dir) && ` Dir:\t\t${Dir}`,
    Init !== undefined && ` Init:\t\t${Init}`,
    Boolean(User) && ` User: ${User}`,
  ]
}

function capabilitySection({ CapabilityAdd = [], CapabilityDrop = [] }: ContainerSpec): Lines {
  if (CapabilityAdd.length + CapabilityDrop.length === 0) return []
  return [
    'Capabilities:',
    CapabilityAdd.length > 0 && ` Add: ${CapabilityAdd.join(', ')}`,
    CapabilityDrop.length > 0 && ` Drop: ${CapabilityDrop.join(', ')}`,
  ]
}

function mountSection({ Mounts = [] }: ContainerSpec): Lines {
  const lines = Mounts.flatMap((mount) => [
    ` Target:\t${mount.Target ?? ''}`,
    `  Source:\t${mount.Source ?? ''}`,
    `  ReadOnly:\t${mount.ReadOnly ?? false}`,
    `  Type:\t\t${mount.Type ?? ''}`,
  ])
  return listSection('Mounts', lines)
}

function fileSection(
  title: string,
  files: readonly [target: string | undefined, source: string | undefined][],
): Lines {
  return listSection(
    title,
    files.flatMap(([target = '', source = '']) => [` Target:\t${target}`, `  Source:\t${source}`]),
  )
}

function logSection({ LogDriver: driver }: TaskSpec): Lines {
  if (driver === undefined) return []
  const options = Object.entries(driver.Options ?? {}).map(([key, value]) => `  ${key}:       ${value}`)
  return [
    'Log Driver:',
    Boolean(driver.Name) && ` Name:\t\t${driver.Name}`,
    ...(options.length > 0 ? [' LogOpts:', ...options] : []),
  ]
}

function resourceSection({ Resources: resources = {} }: TaskSpec): Lines {
  const { Limits = {}, Reservations = {} } = resources
  const amounts = (cpus = 0, memory = 0, pids = 0): Lines => [
    cpus > 0 && `  CPU:\t\t${cpus / 1e9}`,
    memory > 0 && `  Memory:\t${humanBytes(memory)}`,
    pids > 0 && `  PIDs:\t\t${pids}`,
  ]
  const generic = (Reservations.GenericResources ?? []).map(
    ({ DiscreteResourceSpec: amount }) => `  ${amount?.Kind ?? ''}:\t\t${amount?.Value ?? 0}`,
  )
  const shown = (title: string, lines: Lines): Lines => (lines.some(Boolean) ? [title, ...lines] : [])
  return shown('Resources:', [
    ...shown(' Reservations:', [...amounts(Reservations.NanoCPUs, Reservations.MemoryBytes), ...generic]),
    ...shown(' Limits:', amounts(Limits.NanoCPUs, Limits.MemoryBytes, Limits.Pids)),
  ])
}

function portSection(service: Service): Lines {
  const lines = (service.Endpoint.Ports ?? []).flatMap((port) => [
    ` PublishedPort = ${port.PublishedPort ?? 0}`,
    `  Protocol = ${port.Protocol ?? 'tcp'}`,
    `  TargetPort = ${port.TargetPort ?? 0}`,
    `  PublishMode = ${port.PublishMode ?? 'ingress'}`,
  ])
  return listSection('Ports', lines)
}

function healthSection(health: HealthConfig | undefined): Lines {
  if (health === undefined) return []
  const tests = health.Test ?? []
  return [
    ' Healthcheck:',
    `  Interval = ${goDuration(health.Interval ?? 0)}`,
    `  Retries = ${health.Retries ?? 0}`,
    `  StartPeriod =\t${goDuration(health.StartPeriod ?? 0)}`,
    `  Timeout =\t${goDuration(health.Timeout ?? 0)}`,
    ...(tests.length > 0 ? ['  Tests:', ...tests.map((test) => `\t Test = ${test}`)] : []),
  ]
}
