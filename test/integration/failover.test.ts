import { systemClock } from '@shoal/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startEtcd, type TestEtcd, whyNoEtcd } from '../support/etcd.js'
import { eventually } from '../support/eventually.js'
import { ManagerProcess } from '../support/manager-process.js'

let etcd: TestEtcd
let first: ManagerProcess
let second: ManagerProcess
let services = 0

/** A service that no host is there for: a write, and nothing else. */
const create = (manager: ManagerProcess): Promise<{ status: number; body: string }> =>
  manager.ask('POST', '/services/create', {
    Name: `s${++services}`,
    TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } },
  })

const count = async (manager: ManagerProcess): Promise<number> =>
  (JSON.parse((await manager.ask('GET', '/services')).body) as unknown[]).length

/** Writes until it succeeds. @returns how many milliseconds that took from `sinceMs` on */
async function untilWritten(manager: ManagerProcess, sinceMs: number): Promise<number> {
  await eventually(async () => expect((await create(manager)).status).toBe(201))
  return systemClock.now() - sinceMs
}

beforeEach(async () => {
  etcd = await startEtcd()
  first = await ManagerProcess.start(etcd.endpoint)
  await untilWritten(first, 0)
  second = await ManagerProcess.join(etcd.endpoint, first)
})
afterEach(async () => {
  await Promise.all([first?.end(), second?.end()])
  await etcd?.stop()
})

describe.skipIf(whyNoEtcd() !== undefined)('two managers', () => {
  test('given a secondary, then it takes writes and reads for the primary, and tells of itself', async () => {
    expect((await create(second)).status).toBe(201)
    expect(await count(first)).toBe(2)
    expect(await count(second)).toBe(2)
    const info = JSON.parse((await second.ask('GET', '/info')).body) as { Swarm: unknown }
    expect(info.Swarm).toMatchObject({
      NodeID: second.membership.nodeId,
      RemoteManagers: [{ NodeID: first.membership.nodeId }, { NodeID: second.membership.nodeId }],
    })
    const nodes: unknown = JSON.parse((await second.ask('GET', '/nodes')).body)
    expect(nodes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ID: first.membership.nodeId,
          ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: first.address },
        }),
        expect.objectContaining({
          ID: second.membership.nodeId,
          ManagerStatus: { Reachability: 'reachable', Addr: second.address },
        }),
      ]),
    )
  })

  test('given a request that is not valid, then the secondary hands on the refusal as it is', async () => {
    const refusals = await Promise.all(
      [first, second].map((manager) => manager.ask('POST', '/services/create', { Name: '!' })),
    )
    expect(refusals[1]).toEqual(refusals[0])
    expect(refusals[0]?.status).toBe(400)
  })

  test('why a task waits is told by whoever leads, through either manager', async () => {
    const why = async (manager: ManagerProcess): Promise<unknown> =>
      JSON.parse((await manager.ask('GET', `/shoal/services/s${services}/explanation`)).body)
    // Neither has an agent.
    const Found = expect.stringMatching(/^(unknown|down)$/) as unknown
    const reason = { Filter: 'ready', Asked: 'a node that takes tasks', Found }
    const refuses = { Accepts: false, Refusals: [reason] }
    const told = {
      Waiting: 1,
      Cases: [
        {
          Task: { Name: `s${services}.1`, State: 'pending' },
          Summary: 'no suitable node (2 nodes not available for new tasks)',
          Nodes: [refuses, refuses],
        },
      ],
    }
    await eventually(async () => expect(await why(first)).toMatchObject(told))
    expect(await why(second)).toMatchObject(told)
    await first.end()
    await eventually(async () => expect(await why(second)).toMatchObject(told))
  })

  test('when the primary is asked to end, then the secondary takes over at once', async () => {
    first.signal('SIGTERM')
    const tookMs = await untilWritten(second, systemClock.now())
    console.log(`SIGTERM: a write after ${tookMs} ms`)
    expect(tookMs).toBeLessThan(500)
    expect(await count(second)).toBe(2)
  })

  test('when the primary is killed, then the secondary does not wait for its lease', async () => {
    await first.kill()
    const sinceMs = systemClock.now()
    // Neither is refused: what could not be sent waits for the takeover.
    const [read, write] = await Promise.all([second.ask('GET', '/services'), create(second)])
    const tookMs = systemClock.now() - sinceMs
    console.log(`kill -9: a write after ${tookMs} ms`)
    expect([read.status, write.status]).toEqual([200, 201])
    expect(tookMs).toBeLessThan(2_000)
    expect(await count(second)).toBe(2)
  })

  test('when the primary stands still, then the secondary leads; resumed, it writes nothing and follows', async () => {
    first.signal('SIGSTOP')
    const late = create(first).catch(() => ({ status: 0, body: 'no answer' }))
    const tookMs = await untilWritten(second, systemClock.now())
    console.log(`SIGSTOP: a write after ${tookMs} ms`)
    expect(tookMs).toBeLessThan(7_000)
    const written = await count(second)

    first.signal('SIGCONT')
    // It was asked while it stood still: it either finds out in time and passes it on, or is refused by the fence.
    const answer = await late
    expect([201, 503]).toContain(answer.status)
    await eventually(async () => expect((await create(first)).status).toBe(201))
    const total = written + 1 + (answer.status === 201 ? 1 : 0)
    await eventually(async () => expect(await count(second)).toBe(total))
    expect(await count(first)).toBe(total)
    expect(first.alive).toBe(true)
    expect(second.log).not.toContain('leads no more')
  })

  test('when the only manager is killed and started again, then it does not wait for its own lease', async () => {
    await second.end()
    const { membership } = first
    await first.end()
    const sinceMs = systemClock.now()
    first = await ManagerProcess.start(etcd.endpoint, membership)
    expect(await untilWritten(first, sinceMs)).toBeLessThan(4_000)
  })

  test('while no manager leads, then a secondary says so, and still tells of itself', async () => {
    await etcd.kill()
    first.signal('SIGKILL')
    await eventually(async () => {
      const refused = await create(second)
      expect(refused.status).toBe(503)
      expect(JSON.parse(refused.body)).toEqual({ message: expect.stringContaining('no primary manager') })
    })
    expect((await second.ask('GET', '/info')).status).toBe(200)
    await etcd.restart()
    await untilWritten(second, 0)
  })
})
