import { expect, test } from 'vitest'
import { parseForwarding, parseNeighbours, slicesOf } from './parse.js'

test('a long list is read in pieces, and nothing of it is lost', () => {
  const list = Array.from({ length: 5_000 }, (_, index) => ({
    dst: `10.0.${index >> 8}.${index & 255}`,
    dev: 'sx-network1',
    lladdr: '02:42:0a:00:00:01',
    state: ['PERMANENT'],
  }))
  const slices = [...slicesOf(`${JSON.stringify(list)}\n`)]
  expect(slices.length).toBeGreaterThan(2)
  expect(slices.flat()).toEqual(list)
  expect([...slicesOf('')].flat()).toEqual([])
  expect([...slicesOf('[]\n')].flat()).toEqual([])
})

test('of the neighbours and forwarding entries only ours count', () => {
  const mac = '02:42:0a:00:01:07'
  const neighbours = [
    { dst: '10.0.1.7', dev: 'sx-network1', lladdr: mac, state: ['PERMANENT'] },
    { dst: '192.168.7.9', dev: 'eth0', lladdr: mac, state: ['PERMANENT'] },
  ]
  expect([...parseNeighbours(neighbours)]).toEqual([['sx-network1 10.0.1.7', mac]])
  const forwarding = [
    { mac, ifname: 'sx-network1', dst: '192.168.7.2', flags: ['self'], state: 'permanent' },
    { mac, ifname: 'sx-network1', flags: [], master: 'sb-network1', state: 'static' },
    { mac: '33:33:00:00:00:01', ifname: 'eth0', flags: ['self'], state: 'permanent' },
  ]
  expect(parseForwarding(forwarding)).toEqual({
    forwarding: new Map([[`sx-network1 ${mac}`, '192.168.7.2']]),
    switching: new Set([`sx-network1 ${mac}`]),
  })
})
