import type {
  ContainerSpec,
  EndpointSpec,
  Mount,
  NodeSpec,
  ServiceMode,
  ServiceSpec,
  TaskSpec,
  UpdateConfig,
} from './documents/index.js'

/**
 * The spec as the store keeps it: what Docker writes into it when it accepts it, and its words in one spelling.
 * Doing it twice changes nothing.
 * @param spec has passed validateServiceSpec
 */
export function storedServiceSpec(spec: ServiceSpec): ServiceSpec {
  const { Networks: deprecatedNetworks, ...rest } = spec
  return {
    ...rest,
    Labels: spec.Labels ?? {},
    TaskTemplate: storedTaskSpec(spec.TaskTemplate ?? {}, deprecatedNetworks),
    Mode: storedMode(spec.Mode ?? {}),
    ...(spec.UpdateConfig && { UpdateConfig: storedUpdateConfig(spec.UpdateConfig) }),
    ...(spec.RollbackConfig && { RollbackConfig: storedUpdateConfig(spec.RollbackConfig) }),
    ...(spec.EndpointSpec && { EndpointSpec: storedEndpoint(spec.EndpointSpec) }),
  }
}

/** A node's spec with nothing left open. */
export function storedNodeSpec(spec: NodeSpec): NodeSpec {
  return {
    ...spec,
    Labels: spec.Labels ?? {},
    Role: spec.Role?.toLowerCase() || 'worker',
    Availability: spec.Availability?.toLowerCase() || 'active',
  }
}

function storedTaskSpec(template: TaskSpec, deprecatedNetworks: ServiceSpec['Networks']): TaskSpec {
  const networks = template.Networks?.length ? template.Networks : deprecatedNetworks
  return {
    ...template,
    ...(template.ContainerSpec && { ContainerSpec: storedContainer(template.ContainerSpec) }),
    ...(template.RestartPolicy && {
      RestartPolicy: { ...template.RestartPolicy, Condition: template.RestartPolicy.Condition || 'any' },
    }),
    ForceUpdate: template.ForceUpdate ?? 0,
    Runtime: template.Runtime || 'container',
    ...(networks && { Networks: networks }),
  }
}

function storedContainer(container: ContainerSpec): ContainerSpec {
  return {
    ...container,
    ...(container.Mounts && { Mounts: container.Mounts.map(storedMount) }),
    Isolation: container.Isolation || 'default',
  }
}

function storedMount(mount: Mount): Mount {
  return {
    ...mount,
    Type: mount.Type?.toLowerCase() || 'bind',
    ...(mount.BindOptions?.Propagation && {
      BindOptions: { ...mount.BindOptions, Propagation: mount.BindOptions.Propagation.toLowerCase() },
    }),
  }
}

function storedMode(mode: ServiceMode): ServiceMode {
  if (mode.Global) return { Global: {} }
  if (mode.ReplicatedJob) {
    const concurrent = mode.ReplicatedJob.MaxConcurrent ?? 1
    const total = mode.ReplicatedJob.TotalCompletions ?? concurrent
    return { ReplicatedJob: { MaxConcurrent: concurrent, TotalCompletions: total } }
  }
  if (mode.GlobalJob) return { GlobalJob: {} }
  return { Replicated: { Replicas: mode.Replicated?.Replicas ?? 1 } }
}

function storedUpdateConfig(config: UpdateConfig): UpdateConfig {
  return {
    ...config,
    FailureAction: config.FailureAction || 'pause',
    Order: config.Order || 'stop-first',
  }
}

function storedEndpoint(endpoint: EndpointSpec): EndpointSpec {
  return {
    ...endpoint,
    Mode: endpoint.Mode?.toLowerCase() || 'vip',
    ...(endpoint.Ports && {
      Ports: endpoint.Ports.map((port) => ({
        ...port,
        Protocol: port.Protocol?.toLowerCase() || 'tcp',
        PublishMode: port.PublishMode?.toLowerCase() || 'ingress',
      })),
    }),
  }
}
