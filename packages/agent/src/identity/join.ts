import { isRetryable, jittered, messageOf, ShoalError, sleep, toTimestamp } from '@shoal/common'
import type { Clock, Logger, Random } from '@shoal/common'
import {
  createCertificateRequest,
  createKeyPair,
  type Identity,
  parseJoinToken,
  peerOfIdentity,
} from '@shoal/common/tls/index'
import type { ManagerSetup__Output } from '@shoal/proto'
import { primaryNamedBy } from '@shoal/proto/status'
import { newcomerCredentials } from './channel.js'
import { callJoin } from './enrollment-client.js'
import { fetchRoot, parseAddress } from './fetch-root.js'

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000

export interface JoinOptions {
  /** `host:port` of managers. */
  readonly managers: readonly string[]
  readonly joinToken: string
  /** Hosts and addresses to be certified: for managers only. */
  readonly names?: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

/** What a newcomer has when it has been admitted. */
export interface Admission {
  readonly identity: Identity
  /** `host:port` of every manager, the primary's first. */
  readonly managers: readonly string[]
  /** What a manager on this host needs: for those who joined with a manager's token. */
  readonly managerSetup?: ManagerSetup__Output
}

function authority(address: string): string {
  const { host, port } = parseAddress(address)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

async function joinAt(address: string, options: JoinOptions): Promise<Admission> {
  const { clock, joinToken, names, signal } = options
  const { digest } = parseJoinToken(joinToken)
  const rootsPem = await fetchRoot({ address, digest, clock, signal })
  const key = createKeyPair()
  const request = { token: joinToken, certificateRequest: createCertificateRequest(key, names) }
  const reply = await callJoin(authority(address), newcomerCredentials(rootsPem), request, signal)
  // The root is the one that the token vouched for, whatever else the reply may name.
  const identity: Identity = { keyPem: key.keyPem, certificatePem: reply.certificate, rootsPem }
  const peer = peerOfIdentity(identity)
  if (peer.notAfterMs <= clock.now()) {
    const end = toTimestamp(peer.notAfterMs)
    throw new ShoalError(
      'failed-precondition',
      `the certificate that was issued ended at ${end}: compare the clocks`,
    )
  }
  return { identity, managers: reply.managers, ...(reply.manager && { managerSetup: reply.manager }) }
}

/** Any manager's address does: one that is not the primary names it. */
async function joinAtPrimary(address: string, options: JoinOptions): Promise<Admission> {
  try {
    return await joinAt(address, options)
  } catch (error) {
    const primary = primaryNamedBy(error)
    if (primary === undefined) throw error
    return joinAt(primary, options)
  }
}

/**
 * Joins by token: authenticates a manager by the token's digest, makes a key that never leaves this host, and
 * asks for its certificate. Managers that cannot be reached are tried again, with growing pauses.
 * @throws ShoalError `invalid-argument` (`invalid join token`), `unauthenticated` (a token or a manager of
 *   another cluster); `unavailable`, with the last reason, when `signal` aborted first
 */
export async function join(options: JoinOptions): Promise<Admission> {
  const { clock, log, managers, random, signal } = options
  parseJoinToken(options.joinToken)
  if (managers.length === 0) throw new ShoalError('invalid-argument', 'no manager to join at was given')
  let reason: unknown = 'aborted'
  for (let attempt = 0; !signal.aborted; attempt++) {
    for (const address of managers) {
      try {
        return await joinAtPrimary(address, options)
      } catch (error) {
        if (!isRetryable(error)) throw error
        if (!signal.aborted) reason = error
        log.warn({ err: error, manager: address }, 'could not join')
      }
    }
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS)
    await sleep(clock, jittered(random, pauseMs), signal)
  }
  throw new ShoalError('unavailable', `could not join the cluster: ${messageOf(reason)}`, reason)
}
