/** What the stories of the PKI need: false certificates, and looks at a server from outside. */
import * as https from 'node:https'
import { connect, type PeerCertificate } from 'node:tls'
import * as tls from '@shoal/common/tls/index'
import * as ca from '@shoal/manager/ca/index'
import type { ClusterRecord } from '@shoal/manager/state/index'

/** A certificate that is its own issuer, though it says all the right things. */
export function selfSigned(clusterId: string, nowMs: number, rootsPem = ''): tls.Identity {
  const { keyPem, certificatePem } = tls.createRoot(clusterId, nowMs)
  return { keyPem, certificatePem, rootsPem }
}

/** A member that plays the authority: its certificate is no root's, so what it signs counts for nothing. */
export function signedByMember(cluster: ClusterRecord, nowMs: number): tls.Identity {
  const member = ca.provisionAgent(cluster, 'n1', nowMs)
  const key = tls.createKeyPair()
  const certificatePem = tls.issueCertificate({
    root: { certificatePem: member.certificatePem, keyPem: member.keyPem },
    publicKey: key.publicKey,
    subject: { nodeId: 'n1', role: 'manager', clusterId: cluster.ID },
    nowMs,
    validityMs: 86_400_000,
  })
  return { keyPem: key.keyPem, certificatePem, rootsPem: member.rootsPem }
}

/** The certificate that a server shows at this moment. */
export function certificateAt(port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

/** The body of `GET /`. Rejects when TLS refuses the client. */
export function get(port: number, shown: Partial<tls.Identity>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { key: shown.keyPem, cert: shown.certificatePem, ca: shown.rootsPem, agent: false }
    https
      .get(`https://127.0.0.1:${port}/`, options, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve(body))
      })
      .on('error', reject)
  })
}
