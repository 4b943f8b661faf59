import { ShoalError } from '@shoal/common'
import { TLSSocket } from 'node:tls'
import type { StateView } from '../state/view.js'

const ROLES: ReadonlySet<string> = new Set(['client', 'manager'])

/**
 * Lets in who holds a certificate of a role that may use the API. TLS itself has checked the chain. A manager's
 * certificate outlives its role: the record of its node decides.
 * @throws ShoalError `unauthenticated` without a certificate, `permission-denied` for another role
 */
export function checkAccess(socket: unknown, view: StateView): void {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
  // A name that stands twice comes as an array, whatever the types say: that is none of ours.
  const { CN, OU }: Partial<Record<string, string | string[]>> = { ...certificate?.subject }
  if (OU === undefined) throw new ShoalError('unauthenticated', 'a client certificate is required')
  if (typeof OU !== 'string' || !ROLES.has(OU)) {
    throw new ShoalError(
      'permission-denied',
      `certificate with role ${String(OU)} may not use the API: it takes a certificate with role client or manager`,
    )
  }
  if (OU === 'manager' && (typeof CN !== 'string' || view.get('node', CN)?.Spec.Role !== 'manager')) {
    throw new ShoalError('permission-denied', `node ${String(CN)} is not a manager of this cluster any more`)
  }
}
