import { expect, test } from 'vitest'
import { changedKeys } from './changed-keys.js'

test('keys of maps are told that have come, gone, or have another value', () => {
  const [one, two] = [{}, {}]
  const before = new Map([
    ['kept', one],
    ['gone', one],
    ['other', one],
  ])
  const now = new Map([
    ['kept', one],
    ['other', two],
    ['come', one],
  ])
  expect(changedKeys(before, now).toSorted()).toEqual(['come', 'gone', 'other'])
  expect(changedKeys(before, new Map(before))).toEqual([])
})
