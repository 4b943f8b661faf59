import { ShoalError } from '@shoal/common'
import type { EndpointSpec, PortConfig } from '@shoal/engine-api'
import type { ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { isIngressPort } from './needs.js'

/** Ports that are published without a number get one from here. */
export const FIRST_DYNAMIC_PORT = 30_000
export const LAST_DYNAMIC_PORT = 32_767

/** Who publishes a port already. */
export interface PortConflict {
  readonly port: number
  readonly service: ServiceRecord
  readonly mode: 'ingress' | 'host'
}

/**
 * Whether a service may publish what it wants beside all others. In host mode several may: the scheduler keeps them
 * on different nodes. A port in ingress mode is the service's own, on every node.
 * @param serviceId the service itself, whose ports are no conflict
 */
export function portConflict(
  view: StateView,
  serviceId: string,
  spec: EndpointSpec | undefined,
): PortConflict | undefined {
  const wanted = new Map<string, { ingress: boolean }>()
  for (const port of spec?.Ports ?? []) {
    if (port.PublishedPort) wanted.set(portKey(port), { ingress: isIngressPort(port) })
  }
  if (wanted.size === 0) return undefined
  for (const service of view.all('service')) {
    if (service.ID === serviceId) continue
    for (const port of publishedBy(service)) {
      const own = wanted.get(portKey(port))
      const isIngress = isIngressPort(port)
      if (own && (own.ingress || isIngress)) {
        return { port: port.PublishedPort ?? 0, service, mode: isIngress ? 'ingress' : 'host' }
      }
    }
  }
  return undefined
}

/**
 * The ports as they are published: those in ingress mode that have no number get one, the one that they had before
 * if they had one.
 * @param after where to go on: behind the number that was given last
 * @throws ShoalError `failed-precondition` when all numbers are taken
 */
export function publishedPorts(
  view: StateView,
  service: { readonly id: string; readonly before: readonly PortConfig[] },
  wanted: readonly PortConfig[],
  after: number | undefined,
): PortConfig[] {
  if (!wanted.some(isDynamic)) return [...wanted]
  const taken = new Set(wanted.filter(({ PublishedPort }) => PublishedPort).map(portKey))
  for (const other of view.all('service')) {
    if (other.ID !== service.id) for (const port of publishedBy(other)) taken.add(portKey(port))
  }
  let last = after
  return wanted.map((port) => {
    if (!isDynamic(port)) return port
    const kept = service.before.find((one) => isSamePort(one, port) && !taken.has(portKey(one)))
    const number = kept?.PublishedPort ?? (last = freePort(port, taken, last))
    const given = { ...port, PublishedPort: number }
    taken.add(portKey(given))
    return given
  })
}

export function isDynamicPort(port: number | undefined): boolean {
  return port !== undefined && port >= FIRST_DYNAMIC_PORT && port <= LAST_DYNAMIC_PORT
}

function isDynamic(port: PortConfig): boolean {
  return isIngressPort(port) && !port.PublishedPort
}

function freePort(port: PortConfig, taken: ReadonlySet<string>, after: number | undefined): number {
  const count = LAST_DYNAMIC_PORT - FIRST_DYNAMIC_PORT + 1
  let number = after ?? LAST_DYNAMIC_PORT
  for (let step = 0; step < count; step++) {
    number = number >= LAST_DYNAMIC_PORT ? FIRST_DYNAMIC_PORT : number + 1
    if (!taken.has(portKey({ ...port, PublishedPort: number }))) return number
  }
  throw new ShoalError('failed-precondition', 'dynamic port space is exhausted')
}

/** What a service publishes, and while an update goes on also what it may roll back to by itself. */
function* publishedBy({ Spec, Endpoint, UpdateStatus, Shoal }: ServiceRecord): Iterable<PortConfig> {
  yield* Spec.EndpointSpec?.Ports ?? []
  yield* Endpoint.Ports ?? []
  if (UpdateStatus?.State === 'updating') yield* Shoal.PreviousEndpoint?.Ports ?? []
}

function isSamePort(one: PortConfig, other: PortConfig): boolean {
  return (
    isDynamicPort(one.PublishedPort) &&
    isIngressPort(one) &&
    one.TargetPort === other.TargetPort &&
    protocolOf(one) === protocolOf(other) &&
    (one.Name ?? '') === (other.Name ?? '')
  )
}

/** `8080/tcp`. */
export function portKey(port: Pick<PortConfig, 'PublishedPort' | 'Protocol'>): string {
  return `${port.PublishedPort ?? 0}/${protocolOf(port)}`
}

function protocolOf({ Protocol }: Pick<PortConfig, 'Protocol'>): string {
  return Protocol?.toLowerCase() || 'tcp'
}
