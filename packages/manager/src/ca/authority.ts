import { type Clock, newId, type Random, ShoalError } from '@shoal/common'
import {
  issueCertificate,
  managerNames,
  parseJoinToken,
  type Peer,
  secretsEqual,
  verifyCertificateRequest,
  type CertificateRequest,
} from '@shoal/common/tls/index'
import type { NodeRole } from '@shoal/engine-api'
import { type ClusterRecord, put } from '../state/records.js'
import { type State, transact } from '../state/state.js'
import { certificateValidityMs, joinTokens, rootOf } from './cluster.js'
import { newNodeRecord } from './node-record.js'

export interface AuthorityOptions {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
  /** Why no manager can join, if that is so. */
  readonly refuseManagers?: string
}

/** What a newcomer wants. */
export interface JoinOrder {
  readonly token: string
  /** PKCS#10, PEM. */
  readonly certificateRequest: string
  /** Where the newcomer is reached, without a port; empty when not known. */
  readonly address: string
}

/** A certificate followed by its issuer, and the roots to trust; PEM. */
export interface Issued {
  readonly certificate: string
  readonly roots: string
}

export interface Joined extends Issued {
  readonly nodeId: string
  readonly role: NodeRole
}

/** Decides who gets which certificate. */
export class CertificateAuthority {
  readonly #state: State
  readonly #clock: Clock
  readonly #random: Random
  readonly #refuseManagers: string | undefined

  constructor(options: AuthorityOptions) {
    this.#state = options.state
    this.#clock = options.clock
    this.#random = options.random
    this.#refuseManagers = options.refuseManagers
  }

  /**
   * Makes a newcomer a node. Its record is stored before the certificate leaves this process, so that no
   * certificate exists without its node.
   * @throws ShoalError `invalid-argument` for a malformed token or request, `unauthenticated` for a token that
   *   is not, or no longer, this cluster's, `failed-precondition` for a manager's while none can join; what a
   *   commit throws
   */
  async join(order: JoinOrder): Promise<Joined> {
    parseJoinToken(order.token)
    const request = verifyCertificateRequest(order.certificateRequest)
    const nodeId = newId(this.#random)
    const role = await transact(this.#state, () => {
      const admitted = roleOfToken(this.#cluster(), order.token)
      if (admitted === 'manager' && this.#refuseManagers !== undefined) {
        throw new ShoalError('failed-precondition', this.#refuseManagers)
      }
      const record = newNodeRecord({
        id: nodeId,
        role: admitted,
        address: order.address,
        nowMs: this.#clock.now(),
      })
      return { mutations: [put('node', record)], result: admitted }
    })
    return { nodeId, role, ...this.#issue(request, nodeId, role) }
  }

  /**
   * Another certificate for the holder of one: the same node and role. A manager that was made a worker gets
   * one for a worker; nobody gets more than before.
   * @param peer whom the certificate of the connection speaks for
   * @throws ShoalError `permission-denied` when the node is not part of the cluster, `unauthenticated` when the
   *   certificate has ended meanwhile, `invalid-argument` for a malformed request
   */
  renew(peer: Peer, certificateRequest: string): Issued {
    const node = this.#state.get('node', peer.nodeId)
    if (peer.clusterId !== this.#cluster().ID || peer.role === 'client' || node === undefined) {
      throw new ShoalError('permission-denied', 'node is not part of this cluster')
    }
    if (peer.notAfterMs <= this.#clock.now()) {
      throw new ShoalError('unauthenticated', 'the certificate has expired')
    }
    const isManager = peer.role === 'manager' && node.Spec.Role === 'manager'
    const request = verifyCertificateRequest(certificateRequest)
    return this.#issue(request, peer.nodeId, isManager ? 'manager' : 'worker')
  }

  #issue(request: CertificateRequest, nodeId: string, role: NodeRole): Issued {
    const cluster = this.#cluster()
    const certificate = issueCertificate({
      root: rootOf(cluster),
      publicKey: request.publicKey,
      subject: { nodeId, role, clusterId: cluster.ID },
      names: managerNames(...request.names),
      nowMs: this.#clock.now(),
      validityMs: certificateValidityMs(cluster),
    })
    return { certificate, roots: cluster.Shoal.RootCertificate }
  }

  #cluster(): ClusterRecord {
    const cluster = this.#state.cluster()
    if (cluster === undefined) throw new ShoalError('unavailable', 'the cluster is not known yet')
    return cluster
  }
}

/** Both tokens are compared whatever the first comparison says, so that the time tells nothing. */
function roleOfToken(cluster: ClusterRecord, token: string): NodeRole {
  const tokens = joinTokens(cluster)
  const isManager = secretsEqual(token.trim(), tokens.Manager)
  const isWorker = secretsEqual(token.trim(), tokens.Worker)
  if (isManager) return 'manager'
  if (isWorker) return 'worker'
  throw new ShoalError(
    'unauthenticated',
    'invalid join token: a valid join token is necessary to join this cluster',
  )
}
