import { expect, test } from 'vitest'
import { olderVersion } from './api-version.js'

test.each([
  ['1.47', '1.41', '1.41'],
  ['1.41', '1.47', '1.41'],
  ['1.9', '1.41', '1.9'],
  ['2.0', '1.41', '1.41'],
  ['', '1.41', '1.41'],
  ['../..', '1.41', '1.41'],
])('who wants %s of an engine that speaks %s gets %s', (wanted, spoken, got) => {
  expect(olderVersion(wanted, spoken)).toBe(got)
})
