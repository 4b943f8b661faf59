/** The authority at the wire: the Enrollment service, the TLS of port 2377, and who is calling. */
export { createEnrollmentHandlers, type EnrollmentOptions } from './enrollment.js'
export { type AuthenticatedCall, checkRole, peerOf, peerOfSocket, requireRole } from './peer.js'
export { ReloadableServerCredentials, secureContextOptions } from './server-credentials.js'
