import type { PortConfig } from '@shoal/engine-api'

interface Span {
  protocol: string
  published: [number, number]
  target: [number, number]
}

/**
 * The published ports of a service in one cell: neighbours are joined into ranges
 * (`*:8000-8001->80-81/tcp`). A port that is published on the hosts themselves says so, where docker
 * shows nothing; if each host may choose one, it is `any`.
 */
export function publishedPorts(ports: readonly PortConfig[]): string {
  const order = (port: PortConfig): string => port.Protocol ?? 'tcp'
  const sorted = [...ports].sort((a, b) =>
    order(a) === order(b) ? (a.PublishedPort ?? 0) - (b.PublishedPort ?? 0) : order(a) < order(b) ? -1 : 1,
  )
  const ingress = sorted.filter((port) => (port.PublishMode ?? 'ingress') !== 'host')
  const host = sorted.filter((port) => port.PublishMode === 'host')
  return [...spansOf(ingress).map(spanText), ...spansOf(host).map((span) => `${spanText(span)} (host)`)].join(
    ', ',
  )
}

function spansOf(ports: readonly PortConfig[]): Span[] {
  const spans: Span[] = []
  for (const port of ports) {
    const protocol = port.Protocol ?? 'tcp'
    const published = port.PublishedPort ?? 0
    const target = port.TargetPort ?? 0
    const last = spans.at(-1)
    if (last?.protocol === protocol && published !== 0 && continues(last, published, target)) {
      last.published[1] = published
      last.target[1] = target
    } else spans.push({ protocol, published: [published, published], target: [target, target] })
  }
  return spans
}

/** Several published ports may lead to one target, or to as many targets, but not a mixture of both. */
function continues(span: Span, published: number, target: number): boolean {
  if (published !== span.published[1] + 1) return false
  const single = span.published[0] === span.published[1]
  const manyToOne = span.target[0] === span.target[1]
  if (target === span.target[1]) return manyToOne
  return target === span.target[1] + 1 && (single || !manyToOne)
}

function spanText(span: Span): string {
  const range = ([from, to]: [number, number]): string => (from === to ? String(from) : `${from}-${to}`)
  const published = span.published[0] === 0 ? 'any' : range(span.published)
  return `*:${published}->${range(span.target)}/${span.protocol}`
}
