import { describe, expect, test } from 'vitest'
import { mergeNameServers, parseNameServers } from './name-servers.js'

describe('the name servers of the host', () => {
  test('are those of its resolv.conf, in order; what is no address is skipped', () => {
    const text =
      '# nameserver 1.1.1.1\nsearch example.org\n nameserver\t192.0.2.1\nnameserver 2001:db8::1\nnameserver fe80::1%eth0 # link\nnameserver dns.example.org\nnameservers 192.0.2.9\n'
    expect(parseNameServers(text)).toEqual(['192.0.2.1', '2001:db8::1', 'fe80::1%eth0'])
    expect(parseNameServers('')).toEqual([])
  })

  test("behind systemd's own listener stand those that it asks itself", () => {
    expect(mergeNameServers(['127.0.0.53'], ['192.0.2.1', '192.0.2.2'])).toEqual([
      '127.0.0.53',
      '192.0.2.1',
      '192.0.2.2',
    ])
    expect(mergeNameServers(['192.0.2.9'], ['192.0.2.1'])).toEqual(['192.0.2.9'])
  })
})
