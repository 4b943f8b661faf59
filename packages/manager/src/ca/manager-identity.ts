import * as fs from 'node:fs/promises'
import { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { type Clock, type Logger, type Random, ShoalError } from '@shoal/common'
import {
  type Identity,
  keepRenewed,
  loadIdentity,
  managerNames,
  parseCertificate,
  peerOfIdentity,
  saveIdentity,
} from '@shoal/common/tls/index'
import { isIP } from 'node:net'
import type { ClusterRecord } from '../state/records.js'
import { ReloadableServerCredentials, secureContextOptions } from './grpc/server-credentials.js'
import { provisionManager } from './provision.js'

export interface ManagerIdentityOptions {
  /** Where `key.pem`, `cert.pem` and `ca.pem` are, or will be. */
  readonly directory: string
  readonly cluster: () => ClusterRecord | undefined
  readonly nodeId: string
  /** Hosts and addresses at which clients reach this manager. */
  readonly names: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Node's options for an HTTPS server that takes none but clients with a certificate of the cluster. */
export interface HttpsOptions extends SecureContextOptions {
  readonly requestCert: true
  readonly rejectUnauthorized: true
}

/** Shows what a manager shows: its certificate, made by itself, since it holds the cluster's root. */
export class ManagerIdentity {
  readonly serverCredentials: ReloadableServerCredentials
  readonly #options: ManagerIdentityOptions
  readonly #listeners = new Set<(identity: Identity) => void>()
  #current: Identity

  private constructor(options: ManagerIdentityOptions, identity: Identity) {
    this.#options = options
    this.#current = identity
    this.serverCredentials = new ReloadableServerCredentials(identity)
  }

  /**
   * Takes the identity in the folder; when there is none that still serves (cluster, node, names, date), makes one.
   * @throws ShoalError `unavailable` when the cluster is not known; the file system's errors
   */
  static async open(options: ManagerIdentityOptions): Promise<ManagerIdentity> {
    const stored = await loadIdentity(fs, options.directory)
    const serves = stored !== undefined && stillServes(stored, options)
    return new ManagerIdentity(options, serves ? stored : await provision(options))
  }

  get current(): Identity {
    return this.#current
  }

  /** For `https` and fastify; on a renewal hand `current` to `server.setSecureContext`: see `keepHttpsFresh`. */
  httpsOptions(): HttpsOptions {
    return { ...secureContextOptions(this.#current), requestCert: true, rejectUnauthorized: true }
  }

  /** Lets a running HTTPS server show each new certificate. @returns ends that */
  keepHttpsFresh(server: { setSecureContext(options: SecureContextOptions): void }): () => void {
    return this.onRenewed((identity) => server.setSecureContext(secureContextOptions(identity)))
  }

  /** @returns ends the subscription */
  onRenewed(listener: (identity: Identity) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Another key and certificate at once; servers take them for their next connections. */
  async renew(): Promise<void> {
    this.#current = await provision(this.#options)
    this.serverCredentials.update(this.#current)
    for (const listener of this.#listeners) listener(this.#current)
    this.#options.log.info({ node: this.#options.nodeId }, 'certificate renewed')
  }

  /** Renews in time, until `signal` aborts. It never rejects. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options
    return keepRenewed(
      {
        clock,
        random,
        certificate: () => this.#current.certificatePem,
        renew: () => this.renew(),
        onFailure: (error) => log.error({ err: error }, 'the certificate could not be renewed'),
      },
      signal,
    )
  }
}

function clusterOf(options: ManagerIdentityOptions): ClusterRecord {
  const cluster = options.cluster()
  if (cluster === undefined) throw new ShoalError('unavailable', 'the cluster is not known yet')
  return cluster
}

async function provision(options: ManagerIdentityOptions): Promise<Identity> {
  const cluster = clusterOf(options)
  const identity = provisionManager(cluster, options.nodeId, options.names, options.clock.now())
  await saveIdentity(fs, options.directory, identity)
  return identity
}

function hasName(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
}

function stillServes(identity: Identity, options: ManagerIdentityOptions): boolean {
  const cluster = clusterOf(options)
  try {
    const peer = peerOfIdentity({ ...identity, rootsPem: cluster.Shoal.RootCertificate })
    const certificate = parseCertificate(identity.certificatePem)
    const isOurs = peer.role === 'manager' && peer.nodeId === options.nodeId && peer.clusterId === cluster.ID
    const isFresh = peer.notAfterMs > options.clock.now()
    return isOurs && isFresh && managerNames(...options.names).every((name) => hasName(certificate, name))
  } catch (error) {
    options.log.warn({ err: error }, 'the stored certificate does not serve any more: another one is made')
    return false
  }
}
