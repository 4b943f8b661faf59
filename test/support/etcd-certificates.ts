import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyPair, createRoot, issueCertificate, managerNames } from '@shoal/common/tls/index'

/** PEM texts: who signed etcd's certificates, and what a client of etcd shows. */
export interface EtcdClientFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface EtcdCertificates {
  readonly client: EtcdClientFiles
  /** What etcd's command line needs in order to take nobody without a certificate. */
  readonly flags: readonly string[]
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Makes a certificate authority for one etcd on loopback, and writes what etcd shows into `folder`. */
export function makeEtcdCertificates(folder: string): EtcdCertificates {
  const nowMs = Date.now()
  const root = createRoot('etcd', nowMs)
  const issue = (nodeId: string, role: 'manager' | 'client'): EtcdClientFiles => {
    const { keyPem, publicKey } = createKeyPair()
    const subject = { nodeId, role, clusterId: 'etcd' }
    const names = role === 'manager' ? managerNames() : []
    const cert = issueCertificate({ root, publicKey, subject, names, nowMs, validityMs: DAY_MS })
    return { ca: root.certificatePem, cert, key: keyPem }
  }
  const server = issue('server', 'manager')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const flags = [
    '--client-cert-auth',
    `--trusted-ca-file=${write('ca.pem', server.ca)}`,
    `--cert-file=${write('cert.pem', server.cert)}`,
    `--key-file=${write('key.pem', server.key)}`,
  ]
  return { client: issue('test', 'client'), flags }
}
