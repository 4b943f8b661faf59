import { expect, test } from 'vitest'
import { firstViolation, told } from './testing/lives.js'

const SEEDS = 200

test(`finds no violated rule in ${SEEDS} seeds`, async () => {
  const outcome = await firstViolation(SEEDS)
  expect(outcome && told(outcome)).toBeUndefined()
})
