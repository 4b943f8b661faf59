import { describe, expect, test } from 'vitest'
import { InvalidDocument } from '../invalid-document.js'
import { parseReference } from './reference.js'

describe('image references', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  test.each([
    ['busybox', { name: 'busybox' }],
    ['busybox:1.36', { name: 'busybox', tag: '1.36' }],
    ['registry.local:5000/team/app:v1', { name: 'registry.local:5000/team/app', tag: 'v1' }],
    [`app@${digest}`, { name: 'app', digest }],
    [`localhost/app:x@${digest}`, { name: 'localhost/app', tag: 'x', digest }],
    ['[::1]:5000/app', { name: '[::1]:5000/app' }],
    ['a__b/c--d.e', { name: 'a__b/c--d.e' }],
    ['REGISTRY.local/app', { name: 'REGISTRY.local/app' }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected)
  })
  test.each([
    ['', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['/a', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['a:-x', 'invalid reference format'],
    ['https://a/b', 'invalid reference format'],
    ['-', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (Busybox) must be lowercase'],
    ['app@sha256:abc', 'invalid reference format'],
    [`app@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
    [`app@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    ['a'.repeat(256), 'repository name must not be more than 255 characters'],
    [
      'b'.repeat(64),
      `invalid repository name (${'b'.repeat(64)}), cannot specify 64-byte hexadecimal strings`,
    ],
  ])('%s is none', (text, message) => {
    expect(() => parseReference(text)).toThrow(new InvalidDocument(message))
  })
  test('a hostile text is judged at once', () => {
    expect(() => parseReference(`${'a-'.repeat(20_000)}!`)).toThrow('invalid reference format')
  })
})
