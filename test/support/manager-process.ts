import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admission, join as joinCluster } from '@shoal/agent/identity/index'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { NODE_FLAGS } from '@shoal/common/node-flags'
import { peerOfIdentity } from '@shoal/common/tls/index'
import type { Swarm } from '@shoal/engine-api'
import { checkAnswer } from '../schema/index.js'
import { eventually } from './eventually.js'
import { freePort } from './free-port.js'

/** As it was built: vitest resolves a package to its source, which Node.js does not run. */
const PROGRAM = createRequire(import.meta.url)
  .resolve('@shoal/manager/main')
  .replace(/src\/main\.ts$/, 'dist/main.js')

/** On a machine that is busy with other things, 100 000 tasks take a manager more than half a minute to load. */
const START_PATIENCE_MS = 120_000

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Who a manager is; the same text as in its `membership.json`. */
export interface Membership {
  readonly clusterId: string
  readonly nodeId: string
  readonly sealKey: string
}

/** The store of a manager, as its configuration names it. */
export type StoreSpec =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'etcd'
      readonly endpoints: readonly string[]
      readonly caFile?: string
      readonly certFile?: string
      readonly keyFile?: string
    }

interface Addresses {
  readonly listenAddress: string
  readonly apiAddress: string
  readonly metricsAddress: string
}

/** A manager as a process of its own on loopback. It needs a build of the packages. */
export class ManagerProcess {
  readonly folder: string
  readonly #child: ChildProcess
  #log = ''

  /** On a folder that holds a configuration. @param flags for node itself */
  private constructor(folder: string, flags: readonly string[] = []) {
    this.folder = folder
    this.#child = spawn(
      process.execPath,
      [...NODE_FLAGS.manager, ...flags, PROGRAM, '--config', this.configPath],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
  }

  /**
   * Starts a manager and waits until it answers.
   * @param store an endpoint of etcd, or the whole
   * @param membership of one that joins; a founder makes its own
   * @param nodeArguments for Node.js itself
   */
  static async start(
    store: string | StoreSpec,
    membership?: Membership,
    nodeArguments: readonly string[] = [],
  ): Promise<ManagerProcess> {
    return this.startIn(await this.#prepare(store, membership), nodeArguments)
  }

  /** Starts a manager, and does not wait for it. */
  static async launch(store: string | StoreSpec, membership?: Membership): Promise<ManagerProcess> {
    return new ManagerProcess(await this.#prepare(store, membership))
  }

  /** Starts a manager whose node has joined with the managers' token at another one, as `ctl swarm join` does. */
  static async join(store: string | StoreSpec, other: ManagerProcess): Promise<ManagerProcess> {
    const { identity, managerSetup } = await other.admit('Manager')
    if (!managerSetup) throw new Error('the newcomer was not told how a manager is set up')
    const { clusterId, sealKey } = managerSetup
    return ManagerProcess.start(store, { clusterId, nodeId: peerOfIdentity(identity).nodeId, sealKey })
  }

  /** @returns a folder with what a manager needs to start */
  static async #prepare(store: string | StoreSpec, membership?: Membership): Promise<string> {
    const [agents, api, metrics] = await Promise.all([freePort(), freePort(), freePort()])
    const folder = mkdtempSync(join(tmpdir(), 'shoal-manager-'))
    const write = (name: string, value: object): void =>
      writeFileSync(join(folder, 'manager', name), JSON.stringify(value))
    mkdirSync(join(folder, 'manager'))
    if (membership) write('membership.json', membership)
    write('config.json', {
      stateDir: folder,
      runDir: folder,
      socketPath: join(folder, 'manager.sock'),
      listenAddress: `127.0.0.1:${agents}`,
      apiAddress: `127.0.0.1:${api}`,
      metricsAddress: `127.0.0.1:${metrics}`,
      advertiseAddress: '127.0.0.1',
      store: typeof store === 'string' ? { kind: 'etcd', endpoints: [store] } : store,
      initialise: membership === undefined,
      logLevel: 'debug',
    })
    return folder
  }

  /** Starts the manager of a folder, as after a crash, and waits until it answers. @param flags for node itself */
  static async startIn(folder: string, flags: readonly string[] = []): Promise<ManagerProcess> {
    const manager = new ManagerProcess(folder, flags)
    try {
      await eventually(
        async () => (manager.alive ? await manager.ask('GET', '/_ping') : undefined),
        START_PATIENCE_MS,
      )
      if (!manager.alive) throw new Error('it has ended')
    } catch (error) {
      await manager.end()
      throw new Error(`the manager did not start:\n${manager.log}`, { cause: error })
    }
    return manager
  }

  /** Has a newcomer join by a token of this manager's cluster. */
  async admit(role: 'Manager' | 'Worker'): Promise<Admission> {
    const { JoinTokens } = JSON.parse((await this.ask('GET', '/swarm')).body) as Swarm
    return joinCluster({
      managers: [this.address],
      joinToken: JoinTokens[role],
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      signal: new AbortController().signal,
    })
  }

  /** `host:port` for agents. */
  get address(): string {
    return this.#config.listenAddress
  }

  /** `host:port` of the Engine API. */
  get apiAddress(): string {
    return this.#config.apiAddress
  }

  /** `host:port` of the metrics. */
  get metricsAddress(): string {
    return this.#config.metricsAddress
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get #config(): Addresses {
    return JSON.parse(readFileSync(this.configPath, 'utf8')) as Addresses
  }

  get configPath(): string {
    return join(this.folder, 'manager', 'config.json')
  }

  /** Where the Engine API is for local root. */
  get socket(): string {
    return join(this.folder, 'manager.sock')
  }

  get log(): string {
    return this.#log
  }

  get membership(): Membership {
    return JSON.parse(readFileSync(this.#membershipPath, 'utf8')) as Membership
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Whether the process has not ended. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /**
   * A call of the Engine API over the manager's socket.
   * @throws when it does not answer, and when its answer is none of Docker's
   */
  ask(method: string, path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body && { 'content-type': 'application/json' }
      const call = request(
        // A connection of its own: one that is kept is closed by a manager that wakes up after a while.
        { socketPath: this.socket, agent: false, method, path, ...(headers && { headers }) },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          answer.once('end', () => {
            const status = answer.statusCode ?? 0
            try {
              checkAnswer(method, path, { status, headers: answer.headers, text })
              resolve({ status, body: text })
            } catch (error) {
              reject(error as Error)
            }
          })
          answer.once('error', reject)
        },
      )
      call.once('error', reject)
      call.end(body && JSON.stringify(body))
    })
  }

  /** As `kill -9` does. Its folder stays. */
  async kill(): Promise<void> {
    if (!this.alive) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  /** Kills it and removes its folder. */
  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #membershipPath(): string {
    return join(this.folder, 'manager', 'membership.json')
  }
}
