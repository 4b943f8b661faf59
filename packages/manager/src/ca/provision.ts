/** Whole identities, for what lives on the manager's own host: the manager, its agent, and local clients. */
import {
  createKeyPair,
  type Identity,
  issueCertificate,
  managerNames,
  type Subject,
} from '@shoal/common/tls/index'
import type { ClusterRecord } from '../state/records.js'
import { certificateValidityMs, rootOf } from './cluster.js'

function issueIdentity(
  cluster: ClusterRecord,
  subject: Omit<Subject, 'clusterId'>,
  nowMs: number,
  names: readonly string[] = [],
): Identity {
  const { keyPem, publicKey } = createKeyPair()
  const certificatePem = issueCertificate({
    root: rootOf(cluster),
    publicKey,
    subject: { ...subject, clusterId: cluster.ID },
    names,
    nowMs,
    validityMs: certificateValidityMs(cluster),
  })
  return { keyPem, certificatePem, rootsPem: cluster.Shoal.RootCertificate }
}

/**
 * @param names hosts and addresses at which clients reach this manager; `localhost` and the like are added
 * @param nowMs milliseconds since the epoch
 */
export function provisionManager(
  cluster: ClusterRecord,
  nodeId: string,
  names: readonly string[],
  nowMs: number,
): Identity {
  return issueIdentity(cluster, { nodeId, role: 'manager' }, nowMs, managerNames(...names))
}

/** For the agent beside a manager: the same node, but no more rights than any agent has. */
export function provisionAgent(cluster: ClusterRecord, nodeId: string, nowMs: number): Identity {
  return issueIdentity(cluster, { nodeId, role: 'worker' }, nowMs)
}

/** For the docker CLI and other clients of the Engine API. @param name who it is, for the log */
export function issueClient(cluster: ClusterRecord, name: string, nowMs: number): Identity {
  return issueIdentity(cluster, { nodeId: name, role: 'client' }, nowMs)
}
