import { ShoalError, silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import type { Lease } from '../store/contract.js'
import { MemoryStore } from '../store/memory.js'
import { campaign, type CampaignOptions, type Leadership } from './campaign.js'
import { readManagers } from './managers.js'

/** A store that remembers the leases it gave. */
class LeasedStore extends MemoryStore {
  readonly leases: Lease[] = []

  override async grantLease(ttlMs: number): Promise<Lease> {
    const lease = await super.grantLease(ttlMs)
    this.leases.push(lease)
    return lease
  }
}

function stage() {
  const clock = new VirtualClock()
  const store = new LeasedStore()
  const stand = (managerId: string, options: Partial<CampaignOptions> = {}): Promise<Leadership> =>
    campaign({
      store,
      cluster: 'c',
      managerId,
      address: `${managerId}:2377`,
      apiAddress: `${managerId}:3376`,
      ttlMs: 3000,
      clock,
      log: silentLogger,
      signal: new AbortController().signal,
      ...options,
    })
  return { clock, store, stand }
}

/** Whether a promise has been kept, once all that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await settle()
  return settled
}

describe('campaign', () => {
  test('the first manager leads, and both are registered', async () => {
    const { store, stand } = stage()
    const leadership = await stand('m1')
    const second = stand('m2')

    expect(await isSettled(second)).toBe(false)
    expect(leadership.lost.aborted).toBe(false)
    expect((await store.snapshot('/shoal/c/leader')).entries).toEqual([
      {
        key: '/shoal/c/leader',
        value: '{"managerId":"m1","address":"m1:2377","apiAddress":"m1:3376"}',
        revision: leadership.revision,
      },
    ])
    expect(await readManagers(store, 'c')).toEqual({
      leader: { managerId: 'm1', address: 'm1:2377', apiAddress: 'm1:3376' },
      managers: [
        { managerId: 'm1', address: 'm1:2377', apiAddress: 'm1:3376' },
        { managerId: 'm2', address: 'm2:2377', apiAddress: 'm2:3376' },
      ],
    })
  })

  test('when the first resigns, the second takes over with a later revision', async () => {
    const { store, stand } = stage()
    const first = await stand('m1')
    const waiting = stand('m2')
    await settle()

    await first.resign()
    const second = await waiting

    expect(first.lost.aborted).toBe(true)
    expect(second.revision).toBeGreaterThan(first.revision)
    expect(await readManagers(store, 'c')).toEqual({
      leader: { managerId: 'm2', address: 'm2:2377', apiAddress: 'm2:3376' },
      managers: [{ managerId: 'm2', address: 'm2:2377', apiAddress: 'm2:3376' }],
    })
  })

  test('when the lease of the first ends, it hears of it and the second leads', async () => {
    const { store, stand } = stage()
    const first = await stand('m1')
    const waiting = stand('m2')
    await settle()

    const [lease] = store.leases
    if (lease) store.expireLease(lease)

    expect(first.lost.aborted).toBe(true)
    await expect(waiting).resolves.toMatchObject({ key: '/shoal/c/leader' })
  })

  test('of three, exactly one leads at a time', async () => {
    const { stand } = stage()
    const all = ['m1', 'm2', 'm3'].map((id) => stand(id))
    let leader = await Promise.race(all)
    const revisions = [leader.revision]
    for (let i = 1; i < all.length; i++) {
      const settled = await Promise.all(all.map(isSettled))
      expect(settled.filter(Boolean)).toHaveLength(i)
      await leader.resign()
      const led = new Set(revisions)
      leader = await Promise.any(
        all.map(async (one) => {
          const leadership = await one
          if (led.has(leadership.revision)) throw new Error('it led before')
          return leadership
        }),
      )
      revisions.push(leader.revision)
    }
    expect(new Set(revisions).size).toBe(3)
  })

  test('a manager whose lease ends while it waits registers again', async () => {
    const { store, stand } = stage()
    const first = await stand('m1')
    const waiting = stand('m2')
    await settle()
    const lease = store.leases[1]
    if (lease) store.expireLease(lease)
    await settle()

    expect((await readManagers(store, 'c')).managers.map(({ managerId }) => managerId)).toEqual(['m1', 'm2'])
    await first.resign()
    expect((await waiting).lost.aborted).toBe(false)
  })

  test('an unreachable store is waited for', async () => {
    const { clock, store, stand } = stage()
    store.setReachable(false)
    const waiting = stand('m1')
    expect(await isSettled(waiting)).toBe(false)
    store.setReachable(true)
    await clock.advanceAsync(1000)
    await expect(waiting).resolves.toMatchObject({ key: '/shoal/c/leader' })
  })

  test('a won election whose acknowledgement was lost does not block the next', async () => {
    const { clock, store, stand } = stage()
    const commit = store.commit.bind(store)
    let lostOnce = false
    store.commit = async (transaction) => {
      const result = await commit(transaction)
      const isElection = transaction.compares.length > 0
      if (!isElection || lostOnce) return result
      lostOnce = true
      throw new ShoalError('unavailable', 'connection lost')
    }
    const waiting = stand('m1')
    await clock.advanceAsync(1000)
    const leadership = await waiting
    expect(lostOnce).toBe(true)
    expect(leadership.lost.aborted).toBe(false)
    expect((await readManagers(store, 'c')).leader?.managerId).toBe('m1')
  })

  test('given up, it leaves nothing behind', async () => {
    const { store, stand } = stage()
    await stand('m1')
    const giveUp = new AbortController()
    const waiting = stand('m2', { signal: giveUp.signal })
    await settle()
    giveUp.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
    expect((await readManagers(store, 'c')).managers.map(({ managerId }) => managerId)).toEqual(['m1'])
  })
})

describe('taking over before the lease ends', () => {
  test('on evidence that the leader is dead, and the dead one, should it live, hears that it was replaced', async () => {
    const { store, stand } = stage()
    const first = await stand('m1')
    let proveDeath = (): void => undefined
    const dead = new Promise<void>((resolve) => (proveDeath = resolve))
    const waiting = stand('m2', { untilDead: () => dead })
    expect(await isSettled(waiting)).toBe(false)

    proveDeath()
    const second = await waiting
    await settle()

    expect(first.lost.aborted).toBe(true)
    expect(second.lost.aborted).toBe(false)
    expect((await readManagers(store, 'c')).leader?.managerId).toBe('m2')
    const fenced = await store.commit({
      compares: [first],
      operations: [{ type: 'put', key: 'x', value: '' }],
    })
    expect(fenced.committed).toBe(false)
  })

  test('two that see the same death: one leads, the other waits for it', async () => {
    const { stand } = stage()
    await stand('m1')
    const isFirst = (managerId: string): Promise<void> =>
      managerId === 'm1' ? Promise.resolve() : new Promise(() => undefined)
    const both = ['m2', 'm3'].map((id) => stand(id, { untilDead: (leader) => isFirst(leader.managerId) }))
    const settled = await Promise.all(both.map(isSettled))
    expect(settled.filter(Boolean)).toHaveLength(1)
  })

  test('the lease of the dead leader ends later, and takes nothing from the new one', async () => {
    const { store, stand } = stage()
    await stand('m1')
    const second = await stand('m2', { untilDead: () => Promise.resolve() })
    const [lease] = store.leases
    if (lease) store.expireLease(lease)
    await settle()
    expect(second.lost.aborted).toBe(false)
    expect((await readManagers(store, 'c')).leader?.managerId).toBe('m2')
  })

  test('a manager that was killed and starts again takes its own leadership back', async () => {
    const { stand } = stage()
    const before = await stand('m1')
    const after = await stand('m1', { reclaim: true })
    await settle()
    expect(before.lost.aborted).toBe(true)
    expect(after.revision).toBeGreaterThan(before.revision)
  })
})
