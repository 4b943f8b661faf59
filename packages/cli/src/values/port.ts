import type { PortConfig } from '@shoal/engine-api'
import { parseCsv } from './csv.js'
import { cut, invalid } from './invalid.js'

const LONG_SYNTAX = /\w+=\w+(,\w+=\w+)*/
const PROTOCOLS = new Set(['tcp', 'udp', 'sctp'])
const HIGHEST_PORT = 65535

/**
 * A published port: short (`8080:80/tcp`, ranges allowed, published through the routing mesh) or long
 * (`published=8080,target=80,protocol=tcp,mode=host`). A range gives several.
 */
export function parsePorts(text: string): PortConfig[] {
  return LONG_SYNTAX.test(text) ? [parseLong(text)] : parseShort(text)
}

function parseLong(text: string): PortConfig {
  const port: PortConfig = {}
  for (const field of parseCsv(text)) {
    const [key, value] = cut(field.toLowerCase())
    if (value === undefined || key === '') throw invalid(`invalid field: ${field}`)
    if (key === 'protocol') {
      if (!PROTOCOLS.has(value)) throw invalid(`invalid protocol value '${value}'`)
      port.Protocol = value
    } else if (key === 'mode') {
      if (value !== 'ingress' && value !== 'host') {
        throw invalid(`invalid publish mode value (${value}): must be either 'ingress' or 'host'`)
      }
      port.PublishMode = value
    } else if (key === 'target') port.TargetPort = portNumber(value, 'target')
    else if (key === 'published') port.PublishedPort = portNumber(value, 'published')
    else throw invalid(`invalid field key: ${key}`)
  }
  if (!port.TargetPort) throw invalid("missing mandatory field 'target'")
  return { Protocol: 'tcp', PublishMode: 'ingress', ...port }
}

function portNumber(text: string, kind: string): number {
  if (!/^\d+$/.test(text))
    throw invalid(`invalid ${kind} port (${text}): value must be an integer: invalid syntax`)
  const port = Number(text)
  if (port > HIGHEST_PORT)
    throw invalid(`invalid ${kind} port (${text}): value must be an integer: value out of range`)
  return port
}

function parseShort(text: string): PortConfig[] {
  const [ports, protocol = 'tcp'] = cut(text, '/')
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw invalid(`invalid proto: ${protocol}`)
  const parts = ports.split(':')
  if (parts.length > 2) throw invalid('hostip is not supported')
  const target = parts.at(-1) ?? ''
  if (target === '') throw invalid(`no port specified: ${text}<empty>`)
  const [targetStart, targetEnd] = range(target, 'containerPort')
  const published = parts.length === 2 ? (parts[0] ?? '') : ''
  const [publishedStart, publishedEnd] = published === '' ? [0, 0] : range(published, 'hostPort')
  const targets = targetEnd - targetStart + 1
  if (published !== '' && publishedEnd - publishedStart + 1 !== targets && targets !== 1) {
    throw invalid(`invalid ranges specified for container and host Ports: ${target} and ${published}`)
  }
  const count = Math.max(targets, publishedEnd - publishedStart + 1)
  return Array.from({ length: count }, (_, index) => ({
    Protocol: protocol.toLowerCase(),
    TargetPort: targetStart + (targets === 1 ? 0 : index),
    PublishedPort: published === '' ? 0 : publishedStart + index,
    PublishMode: 'ingress',
  }))
}

function range(text: string, kind: string): [start: number, end: number] {
  const [startText, endText] = cut(text, '-')
  const numbers = [startText, endText ?? startText]
  const valid = numbers.every((part) => /^\d+$/.test(part) && Number(part) <= HIGHEST_PORT)
  const [start = 0, end = 0] = numbers.map(Number)
  if (!valid || end < start) throw invalid(`invalid ${kind}: ${text}`)
  return [start, end]
}
