import type { Metadata, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import type { Logger } from '@shoal/common'
import type { EnrollmentHandlers, ManagerSetup } from '@shoal/proto'
import { type GrpcStatus, toGrpcStatus } from '@shoal/proto/status'
import type { CertificateAuthority } from '../authority.js'
import { requireRole } from './peer.js'

export interface EnrollmentOptions {
  readonly authority: CertificateAuthority
  /** `host:port` of every manager's 2377, the primary's first. */
  readonly managers: () => readonly string[]
  /** What a newcomer that becomes a manager needs to reach the store. */
  readonly managerSetup?: ManagerSetup
  /** How calls that write end while this manager is not the primary. */
  readonly redirect?: () => (GrpcStatus & { readonly metadata?: Metadata }) | undefined
  readonly log: Logger
}

const PEER_WITH_PORT = /^(?:ipv[46]:)?(?:\[(.*)\]|(.*)):\d+$/

/** The host part of what gRPC says of a peer, without the frame of an IPv4 address in IPv6. */
function addressOf(peer: string): string {
  const [, ipv6, other] = PEER_WITH_PORT.exec(peer) ?? []
  return (ipv6 ?? other ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

/** Answers a call with what `work` returns or throws. */
async function answer<Reply>(
  call: ServerUnaryCall<unknown, unknown>,
  respond: sendUnaryData<Reply>,
  log: Logger,
  work: () => Promise<Reply> | Reply,
): Promise<void> {
  try {
    respond(null, await work())
  } catch (error) {
    log.warn({ err: error, peer: call.getPeer(), method: call.getPath() }, 'enrollment refused')
    respond(toGrpcStatus(error))
  }
}

/** For `server.addService(wire.Enrollment.service, …)`, on a server with `ReloadableServerCredentials`. */
export function createEnrollmentHandlers(options: EnrollmentOptions): EnrollmentHandlers {
  const { authority, log, managers, managerSetup, redirect } = options
  return {
    Join(call, respond) {
      const ending = redirect?.()
      if (ending) return respond(ending)
      void answer(call, respond, log, async () => {
        const { token, certificateRequest } = call.request
        const address = addressOf(call.getPeer())
        const joined = await authority.join({ token, certificateRequest, address })
        log.info({ node: joined.nodeId, role: joined.role, address }, 'node joined')
        return {
          nodeId: joined.nodeId,
          certificate: joined.certificate,
          rootCertificates: joined.roots,
          managers: [...managers()],
          ...(joined.role === 'manager' && managerSetup && { manager: managerSetup }),
        }
      })
    },
    Renew(call, respond) {
      void answer(call, respond, log, () => {
        const peer = requireRole(call, ['worker', 'manager'])
        const issued = authority.renew(peer, call.request.certificateRequest)
        log.info({ node: peer.nodeId }, 'certificate renewed')
        return { certificate: issued.certificate, rootCertificates: issued.roots }
      })
    },
  }
}
