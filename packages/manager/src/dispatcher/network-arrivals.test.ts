import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { ARRIVAL_MS, NetworkArrivals } from './network-arrivals.js'

describe('a network that was just made', () => {
  function scene(...connected: string[]) {
    const clock = new VirtualClock()
    const arrivals = new NetworkArrivals(clock, () => connected)
    let answered = false
    const made = arrivals.after(async () => 'net').then((id) => ((answered = true), id))
    const settle = async () => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      return answered
    }
    return { clock, arrivals, made, settle }
  }

  test('is answered when every connected host has it in force', async () => {
    const { arrivals, made, settle } = scene('a', 'b')
    await settle()
    arrivals.told('a', 'net', 3)
    arrivals.told('b', 'net', 7)
    arrivals.applied('a', 3)
    arrivals.applied('b', 6)
    expect(await settle()).toBe(false)
    arrivals.applied('b', 9)
    expect(await made).toBe('net')
  })

  test('was told of and acknowledged before its maker heard that it is stored: that counts', async () => {
    const arrivals = new NetworkArrivals(new VirtualClock(), () => ['a'])
    const made = arrivals.after(async () => {
      arrivals.told('a', 'net', 1)
      arrivals.applied('a', 1)
      return 'net'
    })
    expect(await made).toBe('net')
  })

  test('does not wait for a host whose session ends', async () => {
    const { arrivals, made, settle } = scene('a')
    await settle()
    arrivals.gone('a')
    expect(await made).toBe('net')
  })

  test('waits for a host that stands still no longer than its time', async () => {
    const { clock, made, settle } = scene('a')
    expect(await settle()).toBe(false)
    clock.advance(ARRIVAL_MS)
    expect(await made).toBe('net')
  })

  test('without hosts is answered at once', async () => {
    expect(await scene().made).toBe('net')
  })

  test('that could not be made tells why', async () => {
    const arrivals = new NetworkArrivals(new VirtualClock(), () => ['a'])
    await expect(arrivals.after(() => Promise.reject(new Error('taken')))).rejects.toThrow('taken')
  })
})
