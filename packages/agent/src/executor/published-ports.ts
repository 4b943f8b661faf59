import { ShoalError } from '@shoal/common'
import type { AssignedTask, PortConfig } from '@shoal/engine-api'

/** The networks that every engine has by itself. */
const PREDEFINED_NETWORKS = ['host', 'none', 'bridge']

/**
 * The network that the container is created in, unless it is one of the cluster's.
 * @throws ShoalError unimplemented for a network that is not one of the engine's own
 */
export function networkMode(task: AssignedTask): string {
  const targets = (task.Spec.Networks ?? []).map((network) => network.Target ?? '')
  const unknown = targets.find((target) => !PREDEFINED_NETWORKS.includes(target))
  // What the allocator attached the task to is known by the host's network.
  if (unknown !== undefined && !task.Attachments?.length)
    throw new ShoalError(
      'unimplemented',
      `network ${unknown}: only the networks host, none and bridge are supported yet`,
    )
  const predefined = targets.filter((target) => PREDEFINED_NETWORKS.includes(target))
  return predefined.find((target) => target !== 'bridge') ?? 'bridge'
}

/** The ports that this host itself publishes. The host's own network needs no publishing. */
export function hostModePorts(task: AssignedTask): PortConfig[] {
  if (networkMode(task) === 'host') return []
  return task.Ports.filter((port) => port.PublishMode === 'host')
}

/** A port as the engine's documents name it: `80/tcp`. */
export function portKey(port: PortConfig): string {
  return `${port.TargetPort ?? 0}/${port.Protocol || 'tcp'}`
}

type Binding = { HostIp?: string; HostPort: string }

/** An empty HostPort lets the engine choose one. */
export function portBindings(ports: readonly PortConfig[]): Record<string, Binding[]> {
  const bindings: Record<string, Binding[]> = {}
  for (const port of ports)
    (bindings[portKey(port)] ??= []).push({ HostPort: port.PublishedPort ? String(port.PublishedPort) : '' })
  return bindings
}

/**
 * What was really published, from the engine's port map. A port that is bound on IPv4 and IPv6 alike is told once.
 * @param map `NetworkSettings.Ports` of an inspection
 */
export function publishedPorts(map: Readonly<Record<string, Binding[] | null | undefined>>): PortConfig[] {
  return Object.entries(map).flatMap(([key, bindings]) => {
    const [targetPort, protocol] = key.split('/')
    const hostPorts = new Set((bindings ?? []).map((binding) => Number(binding.HostPort)))
    return [...hostPorts].map((hostPort) => ({
      Protocol: protocol ?? 'tcp',
      TargetPort: Number(targetPort),
      PublishedPort: hostPort,
      PublishMode: 'host',
    }))
  })
}
