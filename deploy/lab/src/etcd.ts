import { createKeyPair, createRoot, issueCertificate, type Root } from '@shoal/common/tls/index'
import { until } from './docker.js'
import { onHost, writeFiles } from './machine.js'

const READY_TIMEOUT_MS = 60_000
const VALIDITY_MS = 365 * 24 * 3_600_000
const FOLDER = '/etc/etcd'

/** What keeps a member running on its machine. */
export const ETCD_COMMAND = ['/etcd.sh']

/** A machine that a member of etcd is to run on: it runs `ETCD_COMMAND` and has no member yet. */
export interface EtcdMachine {
  /** What the outer engine calls it. */
  readonly name: string
  readonly address: string
  /** Where the member keeps its data; a folder of the image's when it is left out. */
  readonly dataFolder?: string
}

/** How to reach an etcd cluster: what a manager is told. PEM. */
export interface EtcdAccess {
  readonly endpoints: readonly string[]
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/**
 * Makes one etcd cluster of the machines, and waits until all of its members answer. Clients need a certificate of one
 * root, members among themselves one of another: a client cannot pose as a member.
 * @throws Error with the end of a member's log when it does not answer
 */
export async function formEtcd(machines: readonly EtcdMachine[]): Promise<EtcdAccess> {
  const [clients, peers] = [newAuthority('lab-etcd'), newAuthority('lab-etcd-peers')]
  const members = machines.map((machine, index) => ({ ...machine, member: `etcd${index + 1}` }))
  const initialCluster = members.map(({ member, address }) => `${member}=https://${address}:2380`).join(',')
  await Promise.all(
    members.map(({ name, address, member, dataFolder }) => {
      const server = certify(clients, 'manager', member, [address])
      const peer = certify(peers, 'manager', member, [address])
      return writeFiles(name, {
        [`${FOLDER}/ca.pem`]: clients.root.certificatePem,
        [`${FOLDER}/cert.pem`]: server.cert,
        [`${FOLDER}/key.pem`]: server.key,
        [`${FOLDER}/peer-ca.pem`]: peers.root.certificatePem,
        [`${FOLDER}/peer-cert.pem`]: peer.cert,
        [`${FOLDER}/peer-key.pem`]: peer.key,
        // Last: its first process waits for it.
        [`${FOLDER}/config.json`]: JSON.stringify({
          ...memberConfig(member, address, initialCluster),
          ...(dataFolder !== undefined && { 'data-dir': dataFolder }),
        }),
      })
    }),
  )
  await Promise.all(members.map(({ name }) => untilEtcdAnswers(name)))
  return {
    endpoints: members.map(({ address }) => `https://${address}:2379`),
    ca: clients.root.certificatePem,
    ...certify(clients, 'client', 'manager', []),
  }
}

/** Waits until a member answers, which it does while most of them can. @throws Error with the end of its log */
export async function untilEtcdAnswers(name: string): Promise<void> {
  const healthy = await until(READY_TIMEOUT_MS, async () => {
    const { stdout } = await onHost(name, ['curl', '-s', 'http://127.0.0.1:2381/health'])
    return stdout.includes('"true"') ? true : undefined
  })
  if (healthy) return
  const { stdout } = await onHost(name, ['tail', '-n', '20', '/var/log/etcd.log'])
  throw new Error(`the member of etcd on ${name} did not answer:\n${stdout}`)
}

interface Authority {
  readonly id: string
  readonly root: Root
}

const newAuthority = (id: string): Authority => ({ id, root: createRoot(id, Date.now()) })

/** Certificates of the form that the cluster's own have: managers may be servers and clients, clients only that. */
function certify(
  { id, root }: Authority,
  role: 'manager' | 'client',
  nodeId: string,
  names: readonly string[],
): { cert: string; key: string } {
  const { keyPem, publicKey } = createKeyPair()
  const cert = issueCertificate({
    root,
    publicKey,
    subject: { nodeId, role, clusterId: id },
    names,
    nowMs: Date.now(),
    validityMs: VALIDITY_MS,
  })
  return { cert, key: keyPem }
}

function memberConfig(name: string, address: string, initialCluster: string): object {
  return {
    name,
    'data-dir': '/var/lib/shoal/etcd',
    'listen-client-urls': 'https://0.0.0.0:2379',
    'advertise-client-urls': `https://${address}:2379`,
    'listen-peer-urls': 'https://0.0.0.0:2380',
    'initial-advertise-peer-urls': `https://${address}:2380`,
    'listen-metrics-urls': 'http://127.0.0.1:2381',
    'initial-cluster': initialCluster,
    'client-transport-security': {
      'cert-file': `${FOLDER}/cert.pem`,
      'key-file': `${FOLDER}/key.pem`,
      'trusted-ca-file': `${FOLDER}/ca.pem`,
      'client-cert-auth': true,
    },
    'peer-transport-security': {
      'cert-file': `${FOLDER}/peer-cert.pem`,
      'key-file': `${FOLDER}/peer-key.pem`,
      'trusted-ca-file': `${FOLDER}/peer-ca.pem`,
      'client-cert-auth': true,
    },
    logger: 'zap',
    'log-level': 'warn',
  }
}

/** The folder of a manager's host that holds what it shows to etcd. */
const ACCESS_FOLDER = '/etc/shoal/etcd'

/** Puts what a manager needs to reach etcd onto its host. @returns the flags of `ctl swarm init` that name it */
export async function giveEtcdAccess(host: string, access: EtcdAccess): Promise<string[]> {
  const { endpoints, ...files } = access
  const path = (name: string): string => `${ACCESS_FOLDER}/${name}.pem`
  await writeFiles(host, { [path('ca')]: files.ca, [path('cert')]: files.cert, [path('key')]: files.key })
  return [
    ['--store', 'etcd'],
    endpoints.flatMap((endpoint) => ['--etcd-endpoint', endpoint]),
    ['--etcd-cacert', path('ca'), '--etcd-cert', path('cert'), '--etcd-key', path('key')],
  ].flat()
}
