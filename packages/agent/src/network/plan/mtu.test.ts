import { describe, expect, test } from 'vitest'
import { aNetwork } from '../testing/documents.js'
import { mtuOf, wholePacketMtu } from './mtu.js'

describe('the MTU of a network', () => {
  test('is what VXLAN leaves of the underlay', () => {
    expect(mtuOf(aNetwork(), 1500)).toBe(1450)
  })

  test('is what the user asked for, if anything', () => {
    expect(mtuOf(aNetwork({ Mtu: 1300 }), 1500)).toBe(1300)
    expect(mtuOf(aNetwork({ Mtu: 1450, Ingress: true }), 1500)).toBe(1450)
  })

  test('is a little less on the ingress network, where bulk data then travels in fewer packets', () => {
    expect(mtuOf(aNetwork({ Ingress: true }), 1500)).toBe(1439)
  })

  test('is never given up for nothing', () => {
    // Jumbo frames: no MTU near by fills a packet better.
    expect(wholePacketMtu(8950)).toBe(8950)
    // The segments of 1358 bytes fit 48 times already.
    expect(wholePacketMtu(1410)).toBe(1410)
  })

  test('stays near to what the underlay allows, and never above', () => {
    for (let room = 576; room <= 9_000; room++) {
      const mtu = wholePacketMtu(room)
      expect(mtu).toBeLessThanOrEqual(room)
      expect(mtu).toBeGreaterThanOrEqual(room * 0.985)
    }
  })
})
