import { describe, expect, test } from 'vitest'
import { addressOfPeer, parseDescription } from './registration.js'

describe("a peer's address", () => {
  test.each([
    ['10.0.0.5:4711', '10.0.0.5'],
    ['[fe80::1]:4711', 'fe80::1'],
    ['[::ffff:10.0.0.5]:4711', '10.0.0.5'],
    ['::ffff:10.0.0.5:4711', '10.0.0.5'],
  ])('%s is %s', (peer, address) => {
    expect(addressOfPeer(peer)).toBe(address)
  })
})

test.each(['{', 'null', '[]', '{"Hostname":"h"}', '{"Hostname":7,"Platform":{},"Resources":{},"Engine":{}}'])(
  'a description that is none is refused: %s',
  (json) => {
    expect(() => parseDescription(json)).toThrow('malformed node description')
  },
)
