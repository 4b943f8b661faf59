import type { Lease, Store } from '@shoal/manager/store/contract'
import { describe, expect, test } from 'vitest'
import { eventsOf, put, refusal, valuesOf, watchUntil, write, type Stage } from './tools.js'

/** What every backend does with leases. */
export function describeLeases(at: Stage): void {
  describe('leases', () => {
    test('its keys vanish when it is revoked, and a watch tells so', async () => {
      const lease = await at.store.grantLease(5000)
      const revision = await write(at.store, put(`${at.prefix}a`, '1', lease), put(`${at.prefix}b`, '1'))
      await lease.revoke()
      expect(lease.lost.aborted).toBe(true)
      expect(await valuesOf(at.store, at.prefix)).toEqual({ b: '1' })
      const batches = await watchUntil(at.store, at.prefix, revision, (all) => all.length > 0)
      expect(eventsOf(batches)).toMatchObject([{ type: 'delete', key: `${at.prefix}a` }])
    })

    test('a key that was put again without it stays', async () => {
      const lease = await at.store.grantLease(5000)
      await write(at.store, put(`${at.prefix}a`, '1', lease))
      await write(at.store, put(`${at.prefix}a`, '2'))
      await lease.revoke()
      expect(await valuesOf(at.store, at.prefix)).toEqual({ a: '2' })
    })

    test('revoking twice is no error, and a put under an ended lease is refused', async () => {
      const lease = await at.store.grantLease(5000)
      await lease.revoke()
      await lease.revoke()
      await expect(write(at.store, put(`${at.prefix}a`, '1', lease))).rejects.toEqual(
        refusal('failed-precondition'),
      )
      expect(await valuesOf(at.store, at.prefix)).toEqual({})
    })

    test('is kept alive beyond its time', async () => {
      const lease = await at.store.grantLease(2000)
      await write(at.store, put(`${at.prefix}a`, '1', lease))
      await new Promise((resolve) => setTimeout(resolve, 4500))
      expect(lease.lost.aborted).toBe(false)
      expect(await valuesOf(at.store, at.prefix)).toEqual({ a: '1' })
      await lease.revoke()
    })
  })
}

/** For the backends whose leases can end without their holder's doing. */
export function describeExpiry(at: Stage, expire: (store: Store, lease: Lease) => Promise<void>): void {
  test('when a lease ends by itself, its keys vanish and its holder hears of it', async () => {
    const lease = await at.store.grantLease(2000)
    await write(at.store, put(`${at.prefix}a`, '1', lease))
    const lost = new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
    await expire(at.store, lease)
    await lost
    expect(await valuesOf(at.store, at.prefix)).toEqual({})
  })
}
