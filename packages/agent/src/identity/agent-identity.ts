import * as fs from 'node:fs/promises'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { type Clock, type Logger, type Random, ShoalError, toTimestamp } from '@shoal/common'
import {
  type CertificateRole,
  createCertificateRequest,
  createKeyPair,
  type Identity,
  keepRenewed,
  loadIdentity,
  type Peer,
  peerOfIdentity,
  saveIdentity,
} from '@shoal/common/tls/index'
import { channelCredentials } from './channel.js'
import { callRenew } from './enrollment-client.js'
import { type Admission, join } from './join.js'

export interface IdentityOptions {
  /** Where `key.pem`, `cert.pem` and `ca.pem` are, or will be. */
  readonly directory: string
  /** `host:port` of managers, as they are known at the time. */
  readonly managers: () => readonly string[] | Promise<readonly string[]>
  /** Needed only when the folder holds no identity. */
  readonly joinToken?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

/** This host's identity while the agent runs: shown on every connection, renewed before it ends. */
export class AgentIdentity {
  readonly #options: IdentityOptions
  readonly #listeners = new Set<(identity: Identity) => void>()
  #current: Identity
  #peer: Peer

  constructor(options: IdentityOptions, identity: Identity, peer: Peer) {
    this.#options = options
    this.#current = identity
    this.#peer = peer
  }

  get current(): Identity {
    return this.#current
  }
  get nodeId(): string {
    return this.#peer.nodeId
  }
  /** As the certificate says. */
  get role(): CertificateRole {
    return this.#peer.role
  }
  get clusterId(): string {
    return this.#peer.clusterId
  }

  /** Credentials for a new channel to a manager; to be used with MANAGER_CHANNEL_OPTIONS. */
  channelCredentials(): ChannelCredentials {
    return channelCredentials(this.#current)
  }

  /** Hears of each new certificate: connections that show the old one should be made anew. @returns ends it */
  onRenewed(listener: (identity: Identity) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Renews in time, until the signal aborts. It never rejects. */
  run(): Promise<void> {
    const { clock, log, random, signal } = this.#options
    return keepRenewed(
      {
        clock,
        random,
        certificate: () => this.#current.certificatePem,
        renew: () => this.renew(),
        onFailure: (error) =>
          log.error({ err: error, node: this.nodeId }, 'the certificate could not be renewed'),
      },
      signal,
    )
  }

  /**
   * Gets another certificate, for another key, from the first manager that gives one, and stores it.
   * @throws ShoalError of the last manager that was asked, `unavailable` when none is known
   */
  async renew(): Promise<void> {
    let reason: unknown = new ShoalError('unavailable', 'no manager is known')
    for (const address of await this.#options.managers()) {
      try {
        await this.#renewAt(address)
        return
      } catch (error) {
        reason = error
      }
    }
    throw reason
  }

  async #renewAt(address: string): Promise<void> {
    const key = createKeyPair()
    const request = createCertificateRequest(key)
    const reply = await callRenew(address, this.channelCredentials(), request, this.#options.signal)
    const identity: Identity = {
      keyPem: key.keyPem,
      certificatePem: reply.certificate,
      rootsPem: reply.rootCertificates,
    }
    const peer = peerOfIdentity(identity)
    if (peer.nodeId !== this.nodeId || peer.clusterId !== this.clusterId) {
      throw new ShoalError('internal', `the certificate that was issued is of the node ${peer.nodeId}`)
    }
    await saveIdentity(fs, this.#options.directory, identity)
    this.#current = identity
    this.#peer = peer
    this.#options.log.info({ node: peer.nodeId, until: toTimestamp(peer.notAfterMs) }, 'certificate renewed')
    for (const listener of this.#listeners) listener(identity)
  }
}

/**
 * The identity in the folder; when there is none, one that is got by joining with the token.
 * @returns also what the cluster told a newcomer, if it was joined just now
 * @throws ShoalError `failed-precondition` when the stored certificate has expired, or there is none and no
 *   token either; `invalid-argument` when the stored files do not belong together; what `join` throws
 */
export async function obtainIdentity(
  options: IdentityOptions,
): Promise<{ identity: AgentIdentity; admission?: Admission }> {
  const { clock, directory, joinToken } = options
  const stored = await loadIdentity(fs, directory)
  if (stored !== undefined) {
    const peer = peerOfIdentity(stored)
    if (peer.notAfterMs <= clock.now()) throw expired(peer)
    return { identity: new AgentIdentity(options, stored, peer) }
  }
  if (joinToken === undefined) {
    throw new ShoalError(
      'failed-precondition',
      `${directory} holds no certificate, and no join token was given`,
    )
  }
  const admission = await join({ ...options, joinToken, managers: await options.managers() })
  await saveIdentity(fs, directory, admission.identity)
  const identity = new AgentIdentity(options, admission.identity, peerOfIdentity(admission.identity))
  options.log.info({ node: identity.nodeId, cluster: identity.clusterId }, 'joined the cluster')
  return { identity, admission }
}

function expired(peer: Peer): ShoalError {
  const end = toTimestamp(peer.notAfterMs)
  const advice = 'leave the cluster (`ctl swarm leave --force`) and join it again with a token'
  return new ShoalError(
    'failed-precondition',
    `the certificate of node ${peer.nodeId} expired at ${end}: ${advice}`,
  )
}
