import { expect, test } from 'vitest'
import { reconnectWithinMs } from './cluster-news.js'

test.each([
  ['few agents come back at once', 500, 0],
  ['some more get a second', 501, 1_000],
  ['it doubles when that would be too short', 900, 2_000],
  ['ten thousand', 10_001, 32_000],
  ['it does not grow for ever', 1_000_000, 64_000],
])('the time within which agents come back: %s', (_name, nodes, expected) => {
  expect(reconnectWithinMs(nodes)).toBe(expected)
})
