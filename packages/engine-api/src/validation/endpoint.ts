import type { EndpointSpec, PortConfig } from '../documents/index.js'
import { checkWord, quoted, refuse, refuseArgument } from './refuse.js'

const MODES = ['vip', 'dnsrr']
const PROTOCOLS = ['tcp', 'udp', 'sctp']
const PUBLISH_MODES = ['ingress', 'host']
const HIGHEST_PORT = 65_535

/** @throws InvalidDocument in Docker's words */
export function validateEndpointSpec(endpoint: EndpointSpec): void {
  checkWord(
    endpoint.Mode?.toLowerCase(),
    MODES,
    () => `invalid ResolutionMode: ${quoted(endpoint.Mode ?? '')}`,
  )
  const published = new Set<string>()
  for (const port of endpoint.Ports ?? []) {
    checkPort(port)
    const ingress = (port.PublishMode?.toLowerCase() || 'ingress') === 'ingress'
    if (endpoint.Mode?.toLowerCase() === 'dnsrr' && ingress) {
      refuseArgument("EndpointSpec: port published with ingress mode can't be used with dnsrr mode")
    }
    if (!port.PublishedPort) continue
    const key = `${port.PublishedPort}/${port.Protocol?.toLowerCase() || 'tcp'}`
    if (published.has(key)) refuseArgument('EndpointSpec: duplicate published ports provided')
    published.add(key)
  }
}

function checkPort(port: PortConfig): void {
  checkWord(port.Protocol?.toLowerCase(), PROTOCOLS, () => `invalid protocol: ${port.Protocol}`)
  checkWord(
    port.PublishMode?.toLowerCase(),
    PUBLISH_MODES,
    () => `invalid PublishMode: ${quoted(port.PublishMode ?? '')}`,
  )
  const target = port.TargetPort ?? 0
  if (target < 1 || target > HIGHEST_PORT)
    refuse(`invalid target port: ${target}: must be between 1 and 65535`)
  const publishedPort = port.PublishedPort ?? 0
  if (publishedPort > HIGHEST_PORT)
    refuse(`invalid published port: ${publishedPort}: must not be above 65535`)
}
