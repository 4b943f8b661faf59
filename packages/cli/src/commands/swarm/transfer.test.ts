import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  agentConfigPath,
  pointAgentAt,
  readAgentConfig,
  setManagerAside,
  writeConfig,
} from '../../daemon/index.js'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'

const clock = new VirtualClock()
const EMBEDDED = { Kind: 'embedded', Endpoints: [], Since: '1', Kept: [] }
const ETCD = { Kind: 'etcd', Endpoints: ['https://a:1', 'https://b:2'], Since: '2', Kept: ['/kept'] }

let manager: FakeManager

describe('ctl swarm move', () => {
  afterEach(() => manager.close())

  /** A manager whose store is asked for again and again. */
  async function given(stores: readonly unknown[], routes: Routes = {}): Promise<FakeManager['ctl']> {
    let asked = 0
    manager = await fakeManager(
      {
        'GET /shoal/store': () => ({ body: stores[Math.min(asked++, stores.length - 1)] }),
        'POST /shoal/move': () => ({ status: 202, body: '' }),
        'GET /_ping': () => ({ body: 'OK' }),
        'GET /swarm': () => ({ body: {} }),
        ...routes,
      },
      clock,
    )
    return manager.ctl
  }
  const move = ['swarm', 'move', '--etcd-endpoint', 'https://b:2,https://a:1']

  test('given a manager that comes back on etcd, then it tells where the old store is', async () => {
    const ctl = await given([EMBEDDED, ETCD])
    const { code, out } = await ctl(...move)
    expect(code).toBe(0)
    expect(out).toContain('The cluster keeps its state in etcd now: https://a:1, https://b:2')
    expect(out).toContain('is kept in /kept')
    const sent = manager.requests.find(({ path }) => path === '/shoal/move')
    expect(sent?.body).toEqual({ endpoints: ['https://b:2', 'https://a:1'] })
  })

  test('given a cluster that is there already, then there is nothing to do, and nothing is asked for', async () => {
    const ctl = await given([ETCD])
    expect((await ctl(...move)).code).toBe(0)
    expect(manager.requests.map(({ path }) => path)).toEqual(['/shoal/store'])
  })

  test('given a cluster in another etcd, then it is refused', async () => {
    const ctl = await given([ETCD])
    const { code, err } = await ctl('swarm', 'move', '--etcd-endpoint', 'https://c:3')
    expect(code).toBe(1)
    expect(err).toContain('in etcd already: https://a:1, https://b:2')
  })

  test('given a manager that comes back where it was, then it says why', async () => {
    const ctl = await given([EMBEDDED, { ...EMBEDDED, Since: '2', MoveFailure: 'etcd cannot be reached' }])
    expect((await ctl(...move)).err).toContain('still in the embedded store: etcd cannot be reached')
  })

  test('given a manager that was killed meanwhile, then it says so', async () => {
    const ctl = await given([EMBEDDED, { ...EMBEDDED, Since: '2' }])
    expect((await ctl(...move)).err).toContain('the manager was started again before it was done')
  })

  test('given a refusal, then it is shown as it is', async () => {
    const refusal = () => ({ status: 400, body: { message: 'the store holds a cluster already' } })
    const ctl = await given([EMBEDDED], { 'POST /shoal/move': refusal })
    expect((await ctl(...move)).err).toContain(
      'Error response from daemon: the store holds a cluster already',
    )
  })
})

describe('on a host', () => {
  let folder: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ctl-transfer-'))
    manager = await fakeManager(
      { 'GET /shoal/backup': () => ({ body: { format: 'shoal-backup', version: 1 } }) },
      clock,
    )
  })
  afterEach(async () => {
    await manager.close()
    rmSync(folder, { recursive: true })
  })

  test('given an answer that is no whole backup, then the file of before stays', async () => {
    const path = join(folder, 'b')
    writeFileSync(path, 'of yesterday')
    manager = await fakeManager(
      { 'GET /shoal/backup': () => ({ body: { format: 'shoal-backup', version: 1 } }) },
      clock,
    )
    const { code, err } = await manager.ctl('swarm', 'backup', path)
    expect(code).toBe(1)
    expect(err).toContain('the manager has not sent a whole backup: this backup is not whole')
    expect(readFileSync(path, 'utf8')).toBe('of yesterday')
  })

  test('given a file that is no backup, then nothing begins', async () => {
    const path = join(folder, 'b')
    writeFileSync(path, 'hello\n')
    const { code, err } = await manager.ctl('swarm', 'restore', '--state-dir', folder, path)
    expect(code).toBe(1)
    expect(err).toContain(`${path}: this is no backup of a Shoal cluster`)
    expect(existsSync(join(folder, 'manager'))).toBe(false)
  })

  test('given an agent, then it is told of other managers, and forgets its token and what it was told before', () => {
    const config = {
      stateDir: folder,
      runDir: folder,
      managers: ['10.0.0.1:2377'],
      joinToken: 'T',
      dockerSocket: '/d.sock',
      genericResources: ['ssd=1'],
      logLevel: 'info',
    }
    writeConfig(agentConfigPath(folder), config)
    writeFileSync(join(folder, 'agent', 'managers.json'), '["10.0.0.1:2377"]')
    pointAgentAt(folder, ['10.0.0.9:2377'])
    const { joinToken: _used, ...kept } = config
    expect(readAgentConfig(folder)).toEqual({ ...kept, managers: ['10.0.0.9:2377'] })
    expect(existsSync(join(folder, 'agent', 'managers.json'))).toBe(false)
  })

  test('given a manager of its own, then it does not get another beside it unless it is set aside', async () => {
    mkdirSync(join(folder, 'manager'))
    writeFileSync(join(folder, 'manager', 'config.json'), '{}')
    const start = await manager.ctl('swarm', 'start', '--state-dir', folder, '--manager-addr', '10.0.0.9')
    expect(start.err).toContain('this host runs no agent')
    const aside = setManagerAside(folder, Date.UTC(2026, 0, 2, 3, 4, 5))
    expect(aside).toBe(join(folder, 'manager-before-restore-20260102T030405Z'))
    expect(readFileSync(join(aside, 'config.json'), 'utf8')).toBe('{}')
    const bare = await manager.ctl('swarm', 'start', '--state-dir', folder, '--force')
    expect(bare.err).toContain('--force needs --manager-addr')
  })
})
