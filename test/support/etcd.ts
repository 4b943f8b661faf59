import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real etcd of one member, on free loopback ports and a folder of its own. */
export interface TestEtcd {
  readonly endpoint: string
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

export async function startEtcd(): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-etcd-'))
  const [client, peer] = await Promise.all([freePort(), freePort()])
  const endpoint = `http://127.0.0.1:${client}`
  const start = async (): Promise<ChildProcess> => {
    const child = spawn('etcd', argumentsOf(directory, client, `http://127.0.0.1:${peer}`), {
      stdio: 'ignore',
    })
    const failed = once(child, 'exit').then(() => Promise.reject(new Error('etcd ended before it was ready')))
    failed.catch(() => undefined)
    await Promise.race([untilHealthy(endpoint), failed])
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
    endpoint,
    kill,
    restart: async () => {
      await kill()
      child = await start()
    },
    compact: (revision) => call(endpoint, '/v3/kv/compaction', { revision, physical: true }),
    revokeLease: (id) => call(endpoint, '/v3/lease/revoke', { ID: id }),
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function argumentsOf(directory: string, clientPort: number, peerUrl: string): string[] {
  const clientUrl = `http://127.0.0.1:${clientPort}`
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
  ].flat()
}

/** Etcd's JSON gateway, so that these helpers need no client of their own. */
async function call(endpoint: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(endpoint + path, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`etcd answered ${response.status} to ${path}: ${await response.text()}`)
}

async function untilHealthy(endpoint: string): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < until) {
    const answer = await fetch(`${endpoint}/health`).then(
      (response) => response.text(),
      () => '',
    )
    if (answer.includes('"true"')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`etcd at ${endpoint} was not ready in ${READY_TIMEOUT_MS} ms`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
