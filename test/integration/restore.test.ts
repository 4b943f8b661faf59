import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { backupLines, readBackup } from '@shoal/common/backup'
import { saveIdentity } from '@shoal/common/tls/index'
import { provisionAgent } from '@shoal/manager/ca/index'
import type { ClusterRecord } from '@shoal/manager/state/index'
import type { Store } from '@shoal/manager/store/contract'
import { openStore } from '@shoal/manager/store/open'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as fs from 'node:fs/promises'
import { startEtcd, type TestEtcd, whyNoEtcd } from '../support/etcd.js'
import { ManagerProcess, type StoreSpec } from '../support/manager-process.js'
import { type Outcome, runProgram } from '../support/program.js'

const RESTORE = fileURLToPath(new URL('../../packages/manager/dist/restore.js', import.meta.url))
const MANAGER = fileURLToPath(new URL('../../packages/manager/dist/main.js', import.meta.url))
const deps = { clock: systemClock, random: systemRandom, log: silentLogger }
const EMBEDDED: StoreSpec = { kind: 'embedded' }

let old: ManagerProcess
let fresh: ManagerProcess | undefined
/** The state directory of the host on which the cluster comes back. */
let folder: string
let backupText: string

const create = (manager: ManagerProcess, name: string) =>
  manager.ask('POST', '/services/create', {
    Name: name,
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: { ContainerSpec: { Image: 'busybox:1', Env: ['PASSWORD=hunter2'] } },
  })
const get = async (manager: ManagerProcess, path: string): Promise<unknown> =>
  JSON.parse((await manager.ask('GET', path)).body)

beforeEach(async () => {
  old = await ManagerProcess.start(EMBEDDED)
  await create(old, 'web')
  backupText = (await old.ask('GET', '/shoal/backup')).body
  folder = `${old.folder}-restored`
  mkdirSync(join(folder, 'manager'), { recursive: true })
  writeFileSync(join(folder, 'backup'), backupText)
})
afterEach(async () => {
  await fresh?.end()
  fresh = undefined
  await old?.end()
  rmSync(folder, { recursive: true, force: true })
})

/** The configuration of a manager on another host; its ports are those of the old one, which is gone by then. */
function planRestore(store: StoreSpec): string[] {
  const config = JSON.parse(readFileSync(old.configPath, 'utf8')) as object
  const folders = { stateDir: folder, runDir: folder, socketPath: join(folder, 'manager.sock') }
  const path = join(folder, 'manager', 'restore.json')
  writeFileSync(path, JSON.stringify({ ...config, ...folders, store, initialise: false }))
  return [RESTORE, '--config', path, '--from', join(folder, 'backup')]
}
const restore = (store: StoreSpec): Promise<Outcome> => runProgram(process.execPath, planRestore(store))

async function startRestored(): Promise<ManagerProcess> {
  await old.kill()
  fresh = await ManagerProcess.startIn(folder)
  return fresh
}

function clusterRecord(): ClusterRecord {
  const { records } = readBackup(backupText)
  return JSON.parse(records.find(({ key }) => key === 'cluster')?.value ?? '') as ClusterRecord
}

describe('a backup brought back on another host', () => {
  test('is the same cluster, with this host as its one manager', async () => {
    const [swarm, services] = [await get(old, '/swarm'), await get(old, '/services')]
    const { clusterId, nodeId } = old.membership
    expect(await restore(EMBEDDED)).toMatchObject({ code: 0, stderr: '' })
    const manager = await startRestored()
    expect(manager.membership.clusterId).toBe(clusterId)
    expect(manager.membership.nodeId).not.toBe(nodeId)
    // All but the versions, which are another store's.
    const but = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (key, item) => (key === 'Version' ? 0 : item))
    expect(but(await get(manager, '/swarm'))).toEqual(but(swarm))
    expect(but(await get(manager, '/services'))).toEqual(but(services))
    const nodes = (await get(manager, '/nodes')) as { ID: string }[]
    expect(nodes.find(({ ID }) => ID === nodeId)).toMatchObject({
      Spec: { Role: 'worker' },
      Status: { State: 'unknown' },
    })
    expect(nodes.find(({ ID }) => ID === manager.membership.nodeId)).toMatchObject({
      Spec: { Role: 'manager' },
      ManagerStatus: { Leader: true },
    })
    expect((await create(manager, 'another')).status).toBe(201)
  })

  test('seals what is confidential with a key of its own', async () => {
    expect(backupText).toContain('hunter2')
    await restore(EMBEDDED)
    expect(statSync(join(folder, 'manager', 'membership.json')).mode & 0o777).toBe(0o600)
    const store = await openStore({ kind: 'embedded', directory: join(folder, 'manager', 'store') }, deps)
    const { entries } = await store.snapshot('/shoal/')
    await store.close()
    expect(entries.length).toBeGreaterThan(3)
    expect(JSON.stringify(entries)).not.toContain('hunter2')
    const manager = await startRestored()
    expect(manager.membership.sealKey).not.toBe(old.membership.sealKey)
    expect(JSON.stringify(await get(manager, '/services'))).toContain('hunter2')
  })

  test('given the agent of one of its nodes, then the host stays that node', async () => {
    const { nodeId } = old.membership
    const identity = provisionAgent(clusterRecord(), nodeId, systemClock.now())
    await saveIdentity(fs, join(folder, 'agent', 'tls'), identity)
    await restore(EMBEDDED)
    const manager = await startRestored()
    expect(manager.membership.nodeId).toBe(nodeId)
    expect(await get(manager, '/nodes')).toMatchObject([{ ID: nodeId, ManagerStatus: { Leader: true } }])
  })

  test('given the agent of another cluster, then it is refused', async () => {
    const stranger = await ManagerProcess.start(EMBEDDED)
    try {
      await fs.cp(join(stranger.folder, 'agent'), join(folder, 'agent'), { recursive: true })
    } finally {
      await stranger.end()
    }
    const { code, stderr } = await restore(EMBEDDED)
    expect(code).toBe(1)
    expect(stderr).toContain('the agent of this host is a member of another cluster')
    expect(existsSync(join(folder, 'manager', 'config.json'))).toBe(false)
  })

  test('given a file that is not whole, then nothing is begun', async () => {
    writeFileSync(join(folder, 'backup'), backupText.slice(0, -10))
    expect((await restore(EMBEDDED)).stderr).toContain('this backup is not whole')
    expect(existsSync(join(folder, 'manager', 'store'))).toBe(false)
  })
})

describe.skipIf(whyNoEtcd() !== undefined)('a backup brought back in etcd', () => {
  let etcd: TestEtcd
  let store: Store
  let spec: StoreSpec
  beforeAll(async () => {
    etcd = await startEtcd()
    spec = { kind: 'etcd', endpoints: [etcd.endpoint] }
    store = await openStore({ kind: 'etcd', endpoints: [etcd.endpoint] }, deps)
  })
  afterAll(async () => {
    await store?.close()
    await etcd?.stop()
  })

  test('serves from there, and refuses to be brought back over itself', async () => {
    expect(await restore(spec)).toMatchObject({ code: 0, stderr: '' })
    const manager = await startRestored()
    expect(await get(manager, '/shoal/store')).toMatchObject({ Kind: 'etcd', Endpoints: [etcd.endpoint] })
    expect(await get(manager, '/services')).toMatchObject([{ Spec: { Name: 'web' } }])
    const { code, stderr } = await restore(spec)
    expect(code).toBe(1)
    expect(stderr).toContain('the store holds a cluster already')
  })

  test('given etcd that has lost everything, then its manager makes no other cluster in its place', async () => {
    const founder = await ManagerProcess.start(spec)
    try {
      await founder.kill()
      const { entries } = await store.snapshot(`/shoal/${founder.membership.clusterId}/`)
      const operations = entries.map(({ key }) => ({ type: 'delete' as const, key }))
      await store.commit({ compares: [], operations })
      const { stdout } = await runProgram(process.execPath, [MANAGER, '--config', founder.configPath])
      expect(stdout).toContain(
        'the store does not hold the cluster of this manager: bring it back from a backup',
      )
    } finally {
      await founder.end()
    }
  })

  test('given kill -9 in the middle, then it can be begun anew', async () => {
    const large = readBackup(backupText)
    const extra = Array.from({ length: 3000 }, (_, n) => ({ key: `of-tomorrow/${n}`, value: `{"n":${n}}` }))
    const records = [...large.records, ...extra]
    writeFileSync(join(folder, 'backup'), [...backupLines({ header: large.header, records })].join(''))

    const [program = '', ...args] = planRestore(spec)
    const child: ChildProcess = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    await untilWritten(1000)
    child.kill('SIGKILL')
    await exited
    expect(existsSync(join(folder, 'manager', 'config.json'))).toBe(false)

    expect(await restore(spec)).toMatchObject({ code: 0, stderr: '' })
    const manager = await startRestored()
    const { records: restored } = readBackup((await manager.ask('GET', '/shoal/backup')).body)
    expect(restored.filter(({ key }) => key.startsWith('of-tomorrow/'))).toHaveLength(3000)
  })

  async function untilWritten(count: number): Promise<void> {
    const prefix = `/shoal/${old.membership.clusterId}/`
    const { revision } = await store.snapshot(prefix)
    const enough = new AbortController()
    let seen = 0
    for await (const batch of store.watch(prefix, revision, enough.signal)) {
      if (batch.type === 'events') seen += batch.events.length
      if (seen >= count) enough.abort()
    }
  }
})
