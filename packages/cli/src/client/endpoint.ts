import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { messageOf, ShoalError } from '@shoal/common/errors'

export const DEFAULT_SOCKET = '/run/shoal/manager.sock'
const DEFAULT_TLS_PORT = 3376

/** PEM texts for a connection in which both ends show a certificate. */
export interface ClientTls {
  ca?: string
  cert?: string
  key?: string
}

/** Where the manager's API is. `shown` is how messages call it. */
export type Endpoint =
  | { kind: 'socket'; path: string; shown: string }
  | { kind: 'tcp'; host: string; port: number; tls: ClientTls | undefined; shown: string }

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Finds the manager: the `--host` flag, else DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH),
 * else SHOAL_SOCKET, else the local socket.
 * @throws invalid-argument for an address of another form, or certificates that cannot be read
 */
export function findEndpoint(flag: string | undefined, environment: Environment): Endpoint {
  const address = flag ?? nonEmpty(environment['DOCKER_HOST'])
  if (address !== undefined) {
    const wanted = nonEmpty(environment['DOCKER_TLS_VERIFY']) !== undefined
    return parseAddress(address, (scheme) =>
      scheme === 'https' || (scheme !== 'http' && wanted) ? readCertificates(environment) : undefined,
    )
  }
  const path = nonEmpty(environment['SHOAL_SOCKET']) ?? DEFAULT_SOCKET
  return { kind: 'socket', path, shown: `unix://${path}` }
}

/**
 * The endpoint at an address whose certificates are known.
 * @param tls without it, only `https://` addresses are reached by TLS, and then without a certificate of one's own
 * @throws invalid-argument for an address of another form
 */
export function endpointAt(address: string, tls: ClientTls | undefined): Endpoint {
  return parseAddress(address, (scheme) =>
    scheme === 'http' ? undefined : (tls ?? (scheme === 'https' ? {} : undefined)),
  )
}

/** @param tlsOf what a connection by this scheme (or none) has to show */
function parseAddress(
  address: string,
  tlsOf: (scheme: string | undefined) => ClientTls | undefined,
): Endpoint {
  if (address.startsWith('unix://')) {
    return { kind: 'socket', path: address.slice('unix://'.length), shown: address }
  }
  if (address.startsWith('/')) return { kind: 'socket', path: address, shown: `unix://${address}` }
  const match = /^(?:(tcp|https?):\/\/)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(address)
  if (!match?.[2]) throw new ShoalError('invalid-argument', `unable to parse docker host \`${address}\``)
  return {
    kind: 'tcp',
    host: match[2].replace(/^\[(.*)\]$/, '$1'),
    port: match[3] === undefined ? DEFAULT_TLS_PORT : Number(match[3]),
    tls: tlsOf(match[1]),
    shown: address,
  }
}

function readCertificates(environment: Environment): ClientTls {
  const folder = nonEmpty(environment['DOCKER_CERT_PATH']) ?? join(homedir(), '.docker')
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8')
    } catch (error) {
      throw new ShoalError(
        'invalid-argument',
        `unable to read ${join(folder, name)}: ${messageOf(error)}`,
        error,
      )
    }
  }
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
