import type { X509Certificate } from 'node:crypto'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { type Clock, ShoalError } from '@shoal/common'
import {
  clusterIdOfRoot,
  digestOfRoot,
  hexOfDigest,
  isSignedByRoot,
  MANAGER_NAME,
  parseCertificate,
  requireManager,
  toPem,
} from '@shoal/common/tls/index'

const TIMEOUT_MS = 10_000
const DEFAULT_PORT = 2377
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/

/** @param address `host:port`, `[address]:port`; without a port 2377. @throws ShoalError `invalid-argument` */
export function parseAddress(address: string): { host: string; port: number } {
  const [, ipv6, host, port] = HOST_AND_PORT.exec(address) ?? []
  const name = ipv6 ?? host
  if (name === undefined) throw new ShoalError('invalid-argument', `invalid remote address: ${address}`)
  return { host: name, port: port === undefined ? DEFAULT_PORT : Number(port) }
}

/** What the other side showed: its certificate first, each followed by its issuer. */
function chainOf(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined && !chain.some((known) => known.equals(next?.raw ?? known))) {
    chain.push(next.raw)
    next = next.issuerCertificate
  }
  return chain
}

function checkLeaf(leaf: X509Certificate, rootPem: string): void {
  if (!isSignedByRoot(leaf, rootPem)) {
    throw new ShoalError('unauthenticated', 'the certificate of the remote manager was not signed by its CA')
  }
  const refusal = requireManager(clusterIdOfRoot(rootPem))('', leaf)
  if (refusal) throw refusal
}

/** The root in a chain whose digest a join token vouches for. @throws ShoalError `unauthenticated` */
function authenticate(chain: readonly Buffer[], digest: string): string {
  const [leaf] = chain
  const root = chain.find((der) => digestOfRoot(der) === digest)
  if (leaf === undefined || root === undefined) {
    const expected = hexOfDigest(digest)
    throw new ShoalError('unauthenticated', `remote CA does not match fingerprint. Expected: ${expected}`)
  }
  const rootPem = toPem('CERTIFICATE', root)
  checkLeaf(parseCertificate(leaf), rootPem)
  return rootPem
}

export interface FetchRootOptions {
  /** `host:port` of a manager's 2377. */
  readonly address: string
  /** From the join token: the only thing that is trusted here. */
  readonly digest: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Asks a manager for the cluster's root. Nothing is sent but a handshake; afterwards connections are verified
 * against this root in the ordinary way.
 * @returns the root certificate, PEM
 * @throws ShoalError `unauthenticated` when it is not the root that the token names, or the server is no
 *   manager; `unavailable` when there is no answer
 */
export function fetchRoot(options: FetchRootOptions): Promise<string> {
  const { address, clock, digest, signal } = options
  const { host, port } = parseAddress(address)
  return new Promise((resolve, reject) => {
    // The chain is not checked by TLS, for its root is what we came for: `authenticate` does it.
    const socket = connect({
      host,
      port,
      servername: MANAGER_NAME,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.2',
    })
    const fail = (reason: string, cause?: unknown): void =>
      reject(new ShoalError('unavailable', `cannot reach the manager at ${address}: ${reason}`, cause))
    const cancelTimer = clock.setTimer(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
    const abort = (): void => void socket.destroy(new Error('aborted'))
    signal.addEventListener('abort', abort, { once: true })
    socket.once('secureConnect', () => {
      try {
        resolve(authenticate(chainOf(socket), digest))
      } catch (error) {
        reject(error)
      }
      socket.destroy()
    })
    socket.once('error', (error) => fail(error.message, error))
    socket.once('close', () => {
      cancelTimer()
      signal.removeEventListener('abort', abort)
      fail('the connection was closed')
    })
    if (signal.aborted) abort()
  })
}
