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

describe('what an agent says of its host', () => {
  const whole = {
    Hostname: 'h',
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 2e9, GenericResources: [{ DiscreteResourceSpec: { Kind: 'ssd', Value: 4 } }] },
    Engine: { EngineVersion: '28.0.0', Labels: { a: 'b' }, Plugins: [{ Type: 'Log', Name: 'syslog' }] },
    TLSInfo: { TrustRoot: 'pem', CertIssuerSubject: 's', CertIssuerPublicKey: 'k' },
  }

  test('comes out as it went in', () => {
    expect(parseDescription(JSON.stringify(whole))).toEqual(whole)
  })

  test.each([
    ['no JSON', '{'],
    ['nothing', 'null'],
    ['a list', '[]'],
    ['parts missing', '{"Hostname":"h"}'],
    ['a number for a name', JSON.stringify({ ...whole, Hostname: 7 })],
    ['a text for a number', JSON.stringify({ ...whole, Resources: { NanoCPUs: 'many' } })],
    ['a number for a list', JSON.stringify({ ...whole, Resources: { GenericResources: 5 } })],
    ['a plugin without a name', JSON.stringify({ ...whole, Engine: { EngineVersion: '', Plugins: [{}] } })],
  ])('is refused: %s', (_, json) => {
    expect(() => parseDescription(json)).toThrow('malformed node description')
  })
})
