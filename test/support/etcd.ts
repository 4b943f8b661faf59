import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EtcdCertificates, type EtcdClientFiles, makeEtcdCertificates } from './etcd-certificates.js'
import { freePort } from './free-port.js'

/** A real etcd of one member, on free loopback ports and a folder of its own. */
export interface TestEtcd {
  readonly endpoint: string
  /** What a client has to show; undefined without TLS. */
  readonly client: EtcdClientFiles | undefined
  /** As `kill -9` does: etcd has no time to write anything more. */
  kill(): Promise<void>
  /** Starts it again on the same folder and ports. */
  restart(): Promise<void>
  /** Forgets what happened up to `revision`. */
  compact(revision: number): Promise<void>
  /** Ends a lease without its holder's doing. @param id as the store names it: decimal */
  revokeLease(id: string): Promise<void>
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

const READY_TIMEOUT_MS = 20_000

/** Why a test with a real etcd cannot run on this machine; undefined when it can. In CI nothing is skipped. */
export function whyNoEtcd(): string | undefined {
  if (process.env['CI'] !== undefined) return undefined
  const found = spawnSync('etcd', ['--version']).status === 0
  return found ? undefined : 'etcd is not installed (apt-get install etcd-server)'
}

/** @param options `tls`: it takes nobody without a certificate of its own authority */
export async function startEtcd(options: { readonly tls?: boolean } = {}): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-etcd-'))
  const [clientPort, peer] = await Promise.all([freePort(), freePort()])
  const certificates = options.tls ? makeEtcdCertificates(join(directory, 'tls')) : undefined
  const endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${clientPort}`
  const gateway: Gateway = { endpoint, client: certificates?.client }
  const start = async (): Promise<ChildProcess> => {
    const flags = argumentsOf(join(directory, 'data'), endpoint, `http://127.0.0.1:${peer}`, certificates)
    const child = spawn('etcd', flags, { stdio: 'ignore' })
    const failed = once(child, 'exit').then(() => Promise.reject(new Error('etcd ended before it was ready')))
    failed.catch(() => undefined)
    await Promise.race([untilHealthy(gateway), failed])
    return child
  }
  let child = await start()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    ...gateway,
    kill,
    restart: async () => {
      await kill()
      child = await start()
    },
    compact: (revision) => call(gateway, '/v3/kv/compaction', { revision, physical: true }),
    revokeLease: (id) => call(gateway, '/v3/lease/revoke', { ID: id }),
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Where etcd's JSON gateway is, so that these helpers need no client of their own. */
type Gateway = Pick<TestEtcd, 'endpoint' | 'client'>

function argumentsOf(
  directory: string,
  clientUrl: string,
  peerUrl: string,
  certificates: EtcdCertificates | undefined,
): string[] {
  return [
    ['--name', 'test'],
    ['--data-dir', directory],
    ['--listen-client-urls', clientUrl],
    ['--advertise-client-urls', clientUrl],
    ['--listen-peer-urls', peerUrl],
    ['--initial-advertise-peer-urls', peerUrl],
    ['--initial-cluster', `test=${peerUrl}`],
    ['--logger', 'zap'],
    ['--log-level', 'error'],
    certificates?.flags ?? [],
  ].flat()
}

async function call(gateway: Gateway, path: string, body: unknown): Promise<void> {
  const { status, text } = await send(gateway, 'POST', path, body)
  if (status !== 200) throw new Error(`etcd answered ${status} to ${path}: ${text}`)
}

function send(
  { endpoint, client }: Gateway,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = client ? httpsRequest : httpRequest
    const outgoing = request(`${endpoint}${path}`, { method, agent: false, ...client }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    outgoing.once('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function untilHealthy(gateway: Gateway): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < until) {
    const answer = await send(gateway, 'GET', '/health').catch(() => ({ text: '' }))
    if (answer.text.includes('"true"')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`etcd at ${gateway.endpoint} was not ready in ${READY_TIMEOUT_MS} ms`)
}
