import type { CertificateRole } from '@shoal/common/tls/index'
import type { ManagerSetup__Output, NodeRole__Output } from '@shoal/proto'

/** What this host is at present. */
export interface HostRole {
  /** Whether a manager is set up here; that it runs is its supervisor's business. */
  readonly hasManager: boolean
  /** The role in the agent's certificate. */
  readonly certificate: CertificateRole
}

export type RolePlan =
  | { readonly type: 'rest' }
  | { readonly type: 'start-manager'; readonly setup: ManagerSetup__Output }
  | { readonly type: 'end-manager' }
  /** For one that says no more than what the node is now. */
  | { readonly type: 'renew-certificate' }

/** The next step from what the host is to what its node is to be. */
export function decideRole({ isManager, setup }: NodeRole__Output, host: HostRole): RolePlan {
  if (isManager) return host.hasManager || !setup ? { type: 'rest' } : { type: 'start-manager', setup }
  if (host.hasManager) return { type: 'end-manager' }
  return host.certificate === 'manager' ? { type: 'renew-certificate' } : { type: 'rest' }
}
