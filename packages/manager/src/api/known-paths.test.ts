import { expect, test } from 'vitest'
import { isKnownPath, knownPaths, notServedText } from './known-paths.js'

test.each(knownPaths())('%s is known, also with names in it', (line) => {
  const [method = '', path = ''] = line.split(' ')
  expect(
    isKnownPath(method, path.replace(/\{\w+\}…/g, 'registry:5000/team/app').replace(/\{\w+\}/g, 'web.1')),
  ).toBe(true)
})

test.each([
  ['GET', '/nothing'],
  ['GET', '/containers/create/x'],
  ['PUT', '/services'],
  ['GET', '/services/a/b'],
  ['DELETE', '/'],
])('%s %s is not', (method, path) => {
  expect(isKnownPath(method, path)).toBe(false)
})

test('what is not served for a reason says so', () => {
  expect(notServedText('GET', '/system/df')).toBe(
    'GET /system/df: disk usage, of which each node has its own: use docker on that node',
  )
  expect(notServedText('POST', '/containers/create')).toContain('create a service')
  expect(notServedText('POST', '/commit')).toBe('POST /commit')
})
