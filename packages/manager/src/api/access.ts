import { ShoalError } from '@shoal/common'
import { TLSSocket } from 'node:tls'

const ROLES: ReadonlySet<string> = new Set(['client', 'manager'])

/**
 * Lets in who holds a certificate of a role that may use the API. TLS itself has checked the chain.
 * @throws ShoalError `unauthenticated` without a certificate, `permission-denied` for another role
 */
export function checkRole(socket: unknown): void {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
  const unit: string | string[] | undefined = certificate?.subject?.OU
  if (unit === undefined) throw new ShoalError('unauthenticated', 'a client certificate is required')
  const roles = Array.isArray(unit) ? unit : [unit]
  if (roles.some((role) => ROLES.has(role))) return
  throw new ShoalError(
    'permission-denied',
    `certificate with role ${roles.join(', ')} may not use the API: it takes a certificate with role client or manager`,
  )
}
