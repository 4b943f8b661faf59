import { ShoalError } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'

const LARGEST_PORT = 65_535

/** A port of a container's, as `docker ps` lists it. */
export interface ContainerPort {
  readonly IP?: string
  readonly PublicPort?: number
  readonly PrivatePort: number
  readonly Type: string
}

/** Those that the task has on its node by itself; what the routing mesh publishes is the service's. */
export function portsOf({ Status }: TaskRecord): ContainerPort[] {
  return (Status.PortStatus?.Ports ?? []).map(({ TargetPort, PublishedPort, Protocol }) => ({
    ...(PublishedPort && { IP: '0.0.0.0', PublicPort: PublishedPort }),
    PrivatePort: TargetPort ?? 0,
    Type: Protocol ?? 'tcp',
  }))
}

/**
 * Reads a value of the filter `publish`: `80`, `80/udp`, `8000-8010/tcp`.
 * @returns whether such a port is among them
 * @throws ShoalError `invalid-argument`
 */
export function portFilter(text: string): (ports: readonly ContainerPort[]) => boolean {
  const [, first = '', last = first, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (first === '' || from > to || to > LARGEST_PORT) {
    throw new ShoalError('invalid-argument', `invalid filter 'publish=${text}'`)
  }
  return (ports) =>
    ports.some(({ PublicPort = -1, Type }) => PublicPort >= from && PublicPort <= to && Type === protocol)
}
