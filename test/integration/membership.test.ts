import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Node, NodeRole } from '@shoal/engine-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startEtcd, type TestEtcd, whyNoEtcd } from '../support/etcd.js'
import { eventually } from '../support/eventually.js'
import { ManagerProcess, type Answer } from '../support/manager-process.js'

let etcd: TestEtcd
let first: ManagerProcess
let second: ManagerProcess
let others: ManagerProcess[]

const nodes = async (at: ManagerProcess): Promise<Node[]> =>
  JSON.parse((await at.ask('GET', '/nodes')).body) as Node[]

/** What `node ls` shows of the managers. */
const statuses = async (at: ManagerProcess): Promise<string[]> =>
  (await nodes(at))
    .flatMap(({ ManagerStatus }) => ManagerStatus ?? [])
    .map(({ Leader, Reachability }) => (Leader ? 'Leader' : String(Reachability)))
    .sort()

/** A manager tells what it is told by the store: a moment after. */
function untilStatuses(at: ManagerProcess, expected: readonly string[]): Promise<void> {
  return eventually(async () => {
    const found = (await statuses(at)).join()
    if (found !== expected.join()) throw new Error(`the managers are ${found}`)
  })
}

async function mustAnswer(at: ManagerProcess, path: string): Promise<void> {
  const { status, body } = await at.ask('GET', path)
  if (status !== 200) throw new Error(body)
}

async function setRole(at: ManagerProcess, of: ManagerProcess, Role: NodeRole): Promise<Answer> {
  const node = (await nodes(at)).find(({ ID }) => ID === of.membership.nodeId)
  if (!node) throw new Error('the node is not there')
  return at.ask('POST', `/nodes/${node.ID}/update?version=${node.Version.Index}`, { ...node.Spec, Role })
}

/** Asks over HTTPS with what another manager shows. */
function askAs(who: ManagerProcess, at: ManagerProcess): Promise<number> {
  const read = (name: string): Buffer => readFileSync(join(who.folder, 'manager', 'tls', name))
  const [host, port] = at.apiAddress.split(':')
  const identity = { key: read('key.pem'), cert: read('cert.pem'), ca: read('ca.pem') }
  return new Promise((resolve, reject) => {
    request({ host, port, path: '/nodes', agent: false, ...identity }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .once('error', reject)
      .end()
  })
}

describe.skipIf(whyNoEtcd() !== undefined)('the managers of a cluster', () => {
  beforeEach(async () => {
    others = []
    etcd = await startEtcd()
    first = await ManagerProcess.start(etcd.endpoint)
    await eventually(() => mustAnswer(first, '/swarm'))
    second = await ManagerProcess.join(etcd.endpoint, first)
    await untilStatuses(first, ['Leader', 'reachable'])
  })
  afterEach(async () => {
    await Promise.all([first, second, ...others].map((manager) => manager?.end()))
    await etcd?.stop()
  })

  test('when the primary is demoted over itself, then it answers, hands over and ends for good', async () => {
    expect(await setRole(first, first, 'worker')).toEqual({ status: 200, body: '' })
    await eventually(() => expect(first.exitCode).toBe(0))
    expect(await statuses(second)).toEqual(['Leader'])
    expect((await second.ask('POST', '/services/create', service('a'))).status).toBe(201)
    expect(await askAs(first, second)).toBe(403)
    expect((await setRole(second, second, 'worker')).body).toMatch(/demote the last manager of the swarm/)
  })

  test('when a secondary is demoted over itself, then it answers, and the primary goes on', async () => {
    expect(await askAs(second, first)).toBe(200)
    expect(await setRole(second, second, 'worker')).toEqual({ status: 200, body: '' })
    await eventually(() => expect(second.exitCode).toBe(0))
    expect(await statuses(first)).toEqual(['Leader'])
    expect(await askAs(second, first)).toBe(403)
    expect(first.log).not.toContain('leads no more')
  })

  test('given a manager that was demoted while it was off, when it starts, then it ends at once', async () => {
    const { membership } = second
    second.signal('SIGKILL')
    await untilStatuses(first, ['Leader', 'unreachable'])
    expect((await setRole(first, second, 'worker')).status).toBe(200)
    const late = await ManagerProcess.launch(etcd.endpoint, membership)
    others.push(late)
    await eventually(() => expect(late.exitCode).toBe(0))
    expect(late.log).toContain('was demoted')
    expect(await statuses(first)).toEqual(['Leader'])
  })

  test('a manager that is there is not removed; one that is lost goes by force, and cannot come back', async () => {
    const { membership } = second
    const remove = (force: string): Promise<Answer> =>
      first.ask('DELETE', `/nodes/${membership.nodeId}?force=${force}`)
    expect((await remove('1')).body).toMatch(/must be demoted to worker before removal/)
    second.signal('SIGKILL')
    await untilStatuses(first, ['Leader', 'unreachable'])
    expect((await remove('0')).status).toBe(400)
    expect((await setRole(first, first, 'worker')).body).toMatch(/no other is reached/)
    expect((await remove('1')).status).toBe(200)
    const late = await ManagerProcess.launch(etcd.endpoint, membership)
    others.push(late)
    await eventually(() => expect(late.exitCode).toBe(0))
    expect(await nodes(first)).toHaveLength(1)
  })
})

test('on the embedded store a worker is not promoted, and told what to do first', async () => {
  const manager = await ManagerProcess.start({ kind: 'embedded' })
  try {
    await eventually(() => mustAnswer(manager, '/swarm'))
    await manager.admit('Worker')
    const worker = (await nodes(manager)).find(({ Spec }) => Spec.Role === 'worker')
    if (!worker) throw new Error('the worker has not joined')
    const promoted = await manager.ask('POST', `/nodes/${worker.ID}/update?version=${worker.Version.Index}`, {
      ...worker.Spec,
      Role: 'manager',
    })
    expect(promoted.status).toBe(400)
    expect(promoted.body).toContain('move the cluster to etcd first (ctl swarm move')
  } finally {
    await manager.end()
  }
})

const service = (Name: string): object => ({
  Name,
  TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } },
})
