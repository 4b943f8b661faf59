import { type Ipv4, parseIpv4, parseSubnet, type Subnet } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { Occupancy, type Room } from './occupancy.js'

const REST_MS = 60_000
const subnet = (text: string): Subnet => parseSubnet(text) ?? { first: 0, last: 0, bits: 32 }
const ip = (last: number): Ipv4 => (parseIpv4('10.0.1.0') ?? 0) + last

/** 10.0.1.0/29 with the gateway .1: five addresses, .2 … .6. */
const room: Room = { range: subnet('10.0.1.0/29'), reserved: new Set([ip(0), ip(1), ip(7)]) }

function take(occupancy: Occupancy, nowMs: number): number | undefined {
  const address = occupancy.next(room, nowMs)
  if (address !== undefined) occupancy.hold(address)
  return address === undefined ? undefined : address - ip(0)
}

test('given a small network, when all is given, then there is no more', () => {
  const occupancy = new Occupancy(REST_MS)
  const given = Array.from({ length: 6 }, () => take(occupancy, 0))
  expect(given).toEqual([2, 3, 4, 5, 6, undefined])
})

describe('a freed address', () => {
  test('comes back last: the circle goes on', () => {
    const occupancy = new Occupancy(0)
    expect([take(occupancy, 0), take(occupancy, 0)]).toEqual([2, 3])
    occupancy.release(ip(2), 0)
    expect([take(occupancy, 1), take(occupancy, 1), take(occupancy, 1), take(occupancy, 1)]).toEqual([
      4, 5, 6, 2,
    ])
  })

  test('rests, even when no other is left', () => {
    const occupancy = new Occupancy(REST_MS)
    for (let n = 0; n < 5; n++) take(occupancy, 0)
    occupancy.release(ip(4), 1_000)
    expect(take(occupancy, 60_999)).toBeUndefined()
    expect(occupancy.restEndsAtMs(60_999)).toBe(61_000)
    expect(take(occupancy, 61_000)).toBe(4)
  })

  test('that was only set aside need not rest', () => {
    const occupancy = new Occupancy(REST_MS)
    for (let n = 0; n < 5; n++) take(occupancy, 0)
    occupancy.release(ip(4), undefined)
    expect(take(occupancy, 0)).toBe(4)
  })

  test('that another still holds is not free', () => {
    const occupancy = new Occupancy(REST_MS)
    for (let n = 0; n < 5; n++) take(occupancy, 0)
    occupancy.hold(ip(4))
    occupancy.release(ip(4), undefined)
    expect(take(occupancy, 0)).toBeUndefined()
  })
})

test('a block is whole, aligned, and far from single addresses', () => {
  const wide: Room = { range: subnet('10.0.1.0/26'), reserved: new Set([ip(0), ip(1), ip(63)]) }
  const occupancy = new Occupancy(REST_MS)
  expect(occupancy.nextBlock(wide, 29, 0)).toEqual(subnet('10.0.1.48/29'))
  occupancy.hold(ip(50))
  expect(occupancy.nextBlock(wide, 29, 0)).toEqual(subnet('10.0.1.40/29'))
  expect(occupancy.nextBlock(wide, 25, 0)).toBeUndefined()
})
