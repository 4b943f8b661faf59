import { expect, test } from 'vitest'
import { API_VERSION, isOlder, requestedVersion, withoutVersion } from './api-version.js'

test.each([
  ['/v1.41/services', '1.41', '/services'],
  ['/services', API_VERSION, '/services'],
  ['/v1.24/nodes?filters=x', '1.24', '/nodes?filters=x'],
  ['/version', API_VERSION, '/version'],
  ['/v1.47/version', '1.47', '/version'],
])('%s asks version %s for %s', (url, version, path) => {
  expect(requestedVersion(url)).toBe(version)
  expect(withoutVersion(url)).toBe(path)
})

test('versions that are not spoken are refused in Docker’s words', () => {
  expect(() => requestedVersion('/v9.99/info')).toThrow(
    `client version 9.99 is too new. Maximum supported API version is ${API_VERSION}`,
  )
  expect(() => requestedVersion('/v1.9/info')).toThrow(
    'client version 1.9 is too old. Minimum supported API version is 1.24',
  )
})

test('versions are compared by number', () => {
  expect(isOlder('1.9', '1.41')).toBe(true)
  expect(isOlder('1.41', '1.41')).toBe(false)
  expect(isOlder('2.0', '1.47')).toBe(false)
})
