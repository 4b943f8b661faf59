import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { connectDocker, DEFAULT_DOCKER, engineInfo, type Executor } from '@shoal/agent/executor/index'
import { aTask, NODE } from '@shoal/agent/executor/testing/tasks'
import { MemoryAssignmentStore } from '@shoal/agent/storage/index'
import { DEFAULT_WORKER, Worker } from '@shoal/agent/worker/index'
import { NO_NETWORKS } from '@shoal/agent/network/testing/no-networks'
import { makeBusyboxImage } from './executor-fixture.js'

const IMAGE = 'shoal-engine-test:1'

/**
 * A second Docker Engine on this machine, which can be killed without harm to the first. It has a network
 * namespace of its own: an engine without a bridge deletes `docker0`, and would take it from the first one.
 */
class Engine {
  readonly folder: string
  readonly #liveRestore: boolean
  #daemon: ChildProcess | undefined

  constructor(folder: string, liveRestore: boolean) {
    this.folder = folder
    this.#liveRestore = liveRestore
  }

  get socketPath(): string {
    return join(this.folder, 'docker.sock')
  }

  async start(): Promise<void> {
    const path = (name: string): string => join(this.folder, name)
    const options = ['--data-root', path('data'), '--exec-root', path('exec'), '--pidfile', path('pid')]
    const network = ['--bridge', 'none', '--iptables=false', '--ip-forward=false']
    const restore = this.#liveRestore ? ['--live-restore'] : []
    await rm(path('pid'), { force: true })
    // Its containerd dies with a killed engine; where nobody reaps it, the engine would take the zombie for alive.
    await rm(path('exec/containerd/containerd.pid'), { force: true })
    const engine = ['dockerd', ...options, ...network, ...restore, '-H', `unix://${this.socketPath}`]
    // unshare becomes the engine, so that a signal to it reaches the engine itself.
    this.#daemon = spawn('unshare', ['--net', ...engine], { stdio: 'ignore' })
    const ready = (): Promise<boolean> =>
      engineInfo(this.socketPath).then(
        () => true,
        () => false,
      )
    await vi.waitUntil(ready, { timeout: 40_000, interval: 100 })
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return
    const gone = once(daemon, 'exit')
    daemon.kill(signal)
    await gone
  }
}

describe.each([
  {
    story: 'with live-restore, what runs goes on untouched',
    liveRestore: true,
    states: { lives: 'running', other: 'running' },
  },
  {
    story: 'without it, what the engine ended has failed',
    liveRestore: false,
    states: { lives: 'failed', other: 'failed' },
  },
])('an engine that is killed and comes back: $story', ({ liveRestore, states }) => {
  let agent: AbortController
  const node = { ...NODE, nodeId: 'engine-test' }
  const tasks = Object.keys(states).map((ID, index) =>
    aTask({
      ID,
      Slot: index + 1,
      NodeID: node.nodeId,
      Spec: {
        Networks: [{ Target: 'none' }],
        ContainerSpec: { Image: IMAGE, Command: ['sh', '-c'], Args: ['sleep 1000'] },
      },
    }),
  )
  const reports: string[] = []
  let engine: Engine
  let executor: Executor
  let worker: Worker

  beforeEach(async () => {
    agent = new AbortController()
    engine = new Engine(await mkdtemp(join(tmpdir(), 'shoal-engine-')), liveRestore)
    await engine.start()
    makeBusyboxImage(IMAGE, `unix://${engine.socketPath}`)
    const common = { clock: systemClock, random: systemRandom, log: silentLogger }
    executor = await connectDocker({ ...DEFAULT_DOCKER, ...common, socketPath: engine.socketPath, node })
    const report = (id: string, { State }: { State: string }): number => reports.push(`${id} ${State}`)
    const store = new MemoryAssignmentStore()
    worker = new Worker({
      ...common,
      ...DEFAULT_WORKER,
      executor,
      networks: NO_NETWORKS,
      store,
      bootId: 'boot1',
      report,
    })
    await worker.start(agent.signal)
  })

  afterEach(async () => {
    agent.abort()
    await worker.stopped()
    for (const { id } of await executor.list().catch(() => [])) await executor.remove(id)
    await engine.kill('SIGTERM')
    unmountBelow(engine.folder)
    await rm(engine.folder, { recursive: true, force: true })
  })

  const stateOf = (id: string): string | undefined => worker.runnerOf(id)?.status.State

  test('nothing is concluded while it is away, and nothing is started twice', async () => {
    await worker.replaceAll(tasks)
    for (const { ID } of tasks) await expect.poll(() => stateOf(ID), { timeout: 20_000 }).toBe('running')
    const before = await Promise.all(tasks.map(({ ID, Slot }) => executor.inspect(`web.${Slot}.${ID}`)))
    await engine.kill('SIGKILL')
    await expect(executor.list()).rejects.toMatchObject({ code: 'unavailable' })
    expect(tasks.map(({ ID }) => stateOf(ID))).toEqual(['running', 'running'])
    await engine.start()
    for (const [id, state] of Object.entries(states))
      await expect.poll(() => stateOf(id), { timeout: 20_000 }).toBe(state)
    const after = await Promise.all(tasks.map(({ ID, Slot }) => executor.inspect(`web.${Slot}.${ID}`)))
    expect(after.map((state) => state?.id)).toEqual(before.map((state) => state?.id))
    expect(after.map((state) => state?.pid)).toEqual(before.map((state) => (liveRestore ? state?.pid : 0)))
    expect(reports.filter((report) => report.endsWith('running'))).toHaveLength(tasks.length)
  })
})

/** A killed engine leaves its mounts behind. */
function unmountBelow(folder: string): void {
  const mounted = execFileSync('cat', ['/proc/mounts'], { encoding: 'utf8' }).split('\n')
  const points = mounted
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
  for (const point of points.toReversed()) execFileSync('umount', ['--lazy', point])
}
