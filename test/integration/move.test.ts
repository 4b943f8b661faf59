import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { join as joinCluster } from '@shoal/agent/identity/join'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { type Backup, readBackup } from '@shoal/common/backup'
import { peerOfIdentity } from '@shoal/common/tls/index'
import { EmbeddedStore } from '@shoal/manager/store/embedded'
import type { Operation, Store } from '@shoal/manager/store/contract'
import { openStore } from '@shoal/manager/store/open'
import { inspectPrefix } from '@shoal/manager/transfer/fill'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startEtcd, type TestEtcd, whyNoEtcd } from '../support/etcd.js'
import { eventually } from '../support/eventually.js'
import { ManagerProcess } from '../support/manager-process.js'
import { type Outcome, runProgram } from '../support/program.js'

const CTL = fileURLToPath(new URL('../../bin/ctl', import.meta.url))
const deps = { clock: systemClock, random: systemRandom, log: silentLogger }
/** Of a kind that nobody knows, so many that a copy takes a while. */
const EXTRA_RECORDS = 2000

interface StoreInfo {
  readonly Kind: 'embedded' | 'etcd'
  readonly Kept: readonly string[]
}

let etcd: TestEtcd
let manager: ManagerProcess
let store: Store

const ctl = (...args: string[]): Promise<Outcome> =>
  runProgram(CTL, ['--host', `unix://${manager.socket}`, ...args])
const move = (): Promise<Outcome> => ctl('swarm', 'move', '--etcd-endpoint', etcd.endpoint)

async function storeInfo(): Promise<StoreInfo> {
  return JSON.parse((await manager.ask('GET', '/shoal/store')).body) as StoreInfo
}
async function records(): Promise<Backup['records']> {
  const { records } = readBackup((await manager.ask('GET', '/shoal/backup')).body)
  return records.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
const create = (name: string) =>
  manager.ask('POST', '/services/create', {
    Name: name,
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } },
  })

/** A cluster with a service, and with records of a kind that no release knows yet. */
async function aCluster(extra: number): Promise<void> {
  manager = await ManagerProcess.start({ kind: 'embedded' })
  expect((await create('before')).status).toBe(201)
  if (extra === 0) return
  await manager.kill()
  const store = await EmbeddedStore.open(join(manager.folder, 'manager', 'store'))
  const prefix = `/shoal/${manager.membership.clusterId}/of-tomorrow/`
  for (let from = 0; from < extra; from += 100) {
    const operations = Array.from({ length: 100 }, (_, index): Operation => {
      return {
        type: 'put',
        key: `${prefix}${from + index}`,
        value: `{"n":${from + index},"text":"${'x'.repeat(500)}"}`,
      }
    })
    await store.commit({ compares: [], operations })
  }
  await store.close()
  manager = await ManagerProcess.startIn(manager.folder)
}

beforeAll(async () => {
  etcd = await startEtcd()
  store = await openStore({ kind: 'etcd', endpoints: [etcd.endpoint] }, deps)
})
afterAll(async () => {
  await store?.close()
  await etcd?.stop()
})
afterEach(() => manager?.end())

describe.skipIf(whyNoEtcd() !== undefined)('a cluster that moves from the embedded store to etcd', () => {
  test('is what it was, takes writes again, and its old store is kept aside', async () => {
    await aCluster(EXTRA_RECORDS)
    const before = await records()
    const { code, stdout, stderr } = await move()
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain(`The cluster keeps its state in etcd now: ${etcd.endpoint}`)
    expect(await records()).toEqual(before)
    const { Kept } = await storeInfo()
    expect(Kept).toHaveLength(1)
    expect(stdout).toContain(`The embedded store of before is kept in ${Kept[0]}`)
    expect(existsSync(join(manager.folder, 'manager', 'store'))).toBe(false)
    expect((await create('after')).status).toBe(201)
    expect((await inspectPrefix(store, manager.membership.clusterId)).kind).toBe('in-use')
    // It is the same after a restart, and asked for once more.
    await manager.kill()
    manager = await ManagerProcess.startIn(manager.folder)
    expect(await move()).toMatchObject({ code: 0 })
    expect(await records()).toHaveLength(before.length + 2)
  })

  test('given etcd that holds this cluster already, then nothing changes', async () => {
    await aCluster(0)
    const key = `/shoal/${manager.membership.clusterId}/cluster`
    await store.commit({ compares: [], operations: [{ type: 'put', key, value: '{}' }] })
    const { code, stderr } = await move()
    expect(code).toBe(1)
    expect(stderr).toContain('the store holds a cluster already: 1 keys below')
    expect(await storeInfo()).toMatchObject({ Kind: 'embedded', Kept: [] })
    expect((await create('after')).status).toBe(201)
  })

  test('given etcd that does not answer, then nothing changes', async () => {
    await aCluster(0)
    const { code, stderr } = await ctl('swarm', 'move', '--etcd-endpoint', 'http://127.0.0.1:1')
    expect(code).toBe(1)
    expect(stderr).toContain('etcd cannot be reached')
    expect((await create('after')).status).toBe(201)
  })

  test('given etcd that dies in the middle, then the cluster goes on where it was, and can move later', async () => {
    await aCluster(EXTRA_RECORDS)
    const before = await records()
    void onEvent(1000, () => void etcd.kill())
    const { code, stderr } = await move()
    expect(code).toBe(1)
    expect(stderr).toContain('the cluster is still in the embedded store: etcd cannot be reached')
    expect(await records()).toEqual(before)
    expect((await create('after')).status).toBe(201)
    await etcd.restart()
    expect(await move()).toMatchObject({ code: 0 })
    expect(await records()).toHaveLength(before.length + 2)
  })
})

/** Calls `then` when so many keys have been written below the cluster's prefix in etcd. */
async function onEvent(count: number, then: (key: string) => void): Promise<void> {
  const done = new AbortController()
  const prefix = `/shoal/${manager.membership.clusterId}/`
  const { revision } = await store.snapshot(prefix)
  let seen = 0
  for await (const batch of store.watch(prefix, revision, done.signal)) {
    if (batch.type !== 'events') continue
    seen += batch.events.length
    if (seen >= count) {
      then(batch.events.at(-1)?.key ?? '')
      done.abort()
    }
  }
}

/** Calls `then` as soon as a name in the manager's folder changes. */
function onFile(name: RegExp, then: () => void): void {
  const watcher = watch(join(manager.folder, 'manager'), (_event, changed) => {
    if (changed === null || !name.test(changed)) return
    watcher.close()
    then()
  })
}

type Trigger = (total: number, kill: () => void) => void
const POINTS: readonly [string, Trigger][] = [
  ['before anything is written', (_total, kill) => kill()],
  ['when it has marked the prefix', (_total, kill) => void onEvent(1, kill)],
  ['in the middle of the copy', (total, kill) => void onEvent(total / 2, kill)],
  ['when all is copied', (total, kill) => void onEvent(total + 1, kill)],
  ['when the copy is marked complete', (total, kill) => void onEvent(total + 2, kill)],
  ['while the configuration is replaced', (_total, kill) => onFile(/^config\.json\.tmp$/, kill)],
  ['when the configuration has been replaced', (_total, kill) => onFile(/^config\.json$/, kill)],
  ['when it starts on etcd', (total, kill) => void onEvent(total + 3, kill)],
  ['when the old store is set aside', (_total, kill) => onFile(/^store-before-etcd/, kill)],
]

describe.skipIf(whyNoEtcd() !== undefined)('given kill -9 in the middle of a move', () => {
  test.each(POINTS)('%s, then the cluster is here or there, and whole', async (_when, trigger) => {
    await aCluster(EXTRA_RECORDS)
    const before = await records()
    const { clusterId } = manager.membership
    const killed = new Promise<void>((resolve) => {
      trigger(before.length, () => {
        manager.signal('SIGKILL')
        resolve()
      })
    })
    const body = { endpoints: [etcd.endpoint] }
    await manager.ask('POST', '/shoal/move', body).catch(() => undefined)
    await killed
    await eventually(() => expect(manager.alive).toBe(false))

    manager = await ManagerProcess.startIn(manager.folder)
    const { Kind } = await storeInfo()
    expect(await records()).toEqual(before)
    const inEtcd = await inspectPrefix(store, clusterId)
    expect(inEtcd.kind === 'in-use').toBe(Kind === 'etcd')
    expect(existsSync(join(manager.folder, 'manager', 'store'))).toBe(Kind === 'embedded')
    await eventually(async () => expect((await create('after')).status).toBe(201))

    expect(await move()).toMatchObject({ code: 0 })
    expect((await storeInfo()).Kind).toBe('etcd')
    const after = await records()
    expect(after).toHaveLength(before.length + 2)
    const extra = (all: Backup['records']) => all.filter(({ key }) => key.startsWith('of-tomorrow/'))
    expect(extra(after)).toEqual(extra(before))
  })
})

describe.skipIf(whyNoEtcd() !== undefined)('an etcd by mutual TLS', () => {
  let secure: TestEtcd
  const folder = mkdtempSync(join(tmpdir(), 'shoal-move-'))
  beforeEach(async () => {
    secure = await startEtcd({ tls: true })
    for (const [name, text] of Object.entries(secure.client ?? {}))
      writeFileSync(join(folder, `${name}.pem`), text)
  })
  afterEach(() => secure?.stop())
  afterAll(() => rmSync(folder, { recursive: true }))

  test('given its files, then the cluster moves there, and a manager that joins is told what it needs', async () => {
    await aCluster(0)
    const files = ['cacert ca', 'cert cert', 'key key'].flatMap((pair) => {
      const [flag, name] = pair.split(' ')
      return [`--etcd-${flag}`, join(folder, `${name}.pem`)]
    })
    const moved = await ctl('swarm', 'move', '--etcd-endpoint', secure.endpoint, ...files)
    expect(moved.stderr).toBe('')
    const own = join(manager.folder, 'manager', 'etcd')
    expect(readdirSync(own).toSorted()).toEqual(['ca.pem', 'cert.pem', 'key.pem'])
    expect(statSync(join(own, 'key.pem')).mode & 0o777).toBe(0o600)

    const token = (await ctl('swarm', 'join-token', '-q', 'manager')).stdout.trim()
    const address = (JSON.parse(readFileSync(manager.configPath, 'utf8')) as { listenAddress: string })
      .listenAddress
    const signal = AbortSignal.timeout(20_000)
    const admission = await joinCluster({ ...deps, managers: [address], joinToken: token, signal })
    expect(admission.managerSetup).toEqual({
      clusterId: manager.membership.clusterId,
      etcdEndpoints: [secure.endpoint],
      etcdCa: secure.client?.ca,
      etcdCertificate: secure.client?.cert,
      etcdKey: secure.client?.key,
      sealKey: manager.membership.sealKey,
    })
    const second = await ManagerProcess.start(
      {
        kind: 'etcd',
        endpoints: [secure.endpoint],
        caFile: join(own, 'ca.pem'),
        certFile: join(own, 'cert.pem'),
        keyFile: join(own, 'key.pem'),
      },
      { ...manager.membership, nodeId: peerOfIdentity(admission.identity).nodeId },
    )
    try {
      const { body } = await second.ask('GET', '/services')
      expect(JSON.parse(body)).toMatchObject([{ Spec: { Name: 'before' } }])
      // A secondary gives a backup too, and no move.
      expect(readBackup((await second.ask('GET', '/shoal/backup')).body).header.cluster).toBe(
        second.membership.clusterId,
      )
      expect((await second.ask('POST', '/shoal/move', { endpoints: [etcd.endpoint] })).body).toContain(
        'in etcd already',
      )
    } finally {
      await second.end()
    }
  })

  test('given no certificates for it, then nothing changes', async () => {
    await aCluster(0)
    const { code, stderr } = await ctl('swarm', 'move', '--etcd-endpoint', secure.endpoint)
    expect(code).toBe(1)
    expect(stderr).toContain('etcd cannot be reached')
    expect((await create('after')).status).toBe(201)
  })
})
