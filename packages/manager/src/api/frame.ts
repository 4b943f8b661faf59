import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { API_VERSION } from './api-version.js'
import type { ApiOptions, ClusterFacts } from './options.js'

/** The headers of every answer. */
export function frameOf({ version }: ClusterFacts): Record<string, string> {
  return {
    'api-version': API_VERSION,
    ostype: 'linux',
    'docker-experimental': 'false',
    server: `Docker/${version} (linux)`,
  }
}

/** Refuses on a connection that was to be upgraded, as any request is refused, and ends it. */
export function refuseRaw(
  client: Duplex,
  status: number,
  message: string,
  { facts, clock }: Pick<ApiOptions, 'facts' | 'clock'>,
): void {
  const body = `${JSON.stringify({ message })}\n`
  const headers = {
    ...frameOf(facts),
    'content-type': 'application/json',
    date: new Date(clock.now()).toUTCString(),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  client.end(`${rawHead(`${status} ${STATUS_CODES[status] ?? 'Refused'}`, headers)}${body}`)
}

/** @param status with its reason */
export function rawHead(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`
}
