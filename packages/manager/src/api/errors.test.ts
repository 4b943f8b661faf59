import { readFileSync } from 'node:fs'
import { ERROR_CODES, ShoalError, silentLogger } from '@shoal/common'
import { InvalidDocument } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { answerOf, grpcStatusName, httpStatusOf, swarmError } from './errors.js'

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d+) \| (\w+) \| (.+) \|$/gm)]

  test('lists every code once, and no other', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual([...ERROR_CODES].sort())
  })

  test('gives each the statuses that the API gives it', () => {
    const documented = rows.map(([, code, http, grpc]) => ({ code, http: Number(http), grpc }))
    const actual = rows.map(([, code]) => {
      const known = ERROR_CODES.find((candidate) => candidate === code)
      return known && { code, http: httpStatusOf(known), grpc: grpcStatusName(known) }
    })
    expect(actual).toEqual(documented)
  })
})

describe('an error is told to a client', () => {
  test.each([
    ['a refused document', new InvalidDocument('bad'), 400, 'bad'],
    ['an error of ours', new ShoalError('not-found', 'service x not found'), 404, 'service x not found'],
    [
      'one in the words of Swarm',
      swarmError('already-exists', 'x'),
      409,
      'rpc error: code = AlreadyExists desc = x',
    ],
    [
      'a body that is too large',
      Object.assign(new Error('too large'), { statusCode: 413 }),
      413,
      'too large',
    ],
    [
      'a fault of ours, without its details',
      new TypeError('x of undefined'),
      500,
      'internal error: see the log of the manager',
    ],
  ])('%s', (_what, error, status, message) => {
    expect(answerOf(error, silentLogger)).toEqual({ status, message })
  })
})
