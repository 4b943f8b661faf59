import { ShoalError } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import { type Outcome, stepAfter } from './decide.js'

const READ = { isRead: true, hasBody: false }
const WRITE = { isRead: false, hasBody: true }
const REMOVAL = { isRead: false, hasBody: false }
const withCode = (code: string): Error => Object.assign(new Error(code), { code })
const unsent = (error: Error): Outcome => ({ type: 'unsent', error })
const LOST: Outcome = { type: 'lost', error: withCode('ECONNRESET') }

describe('after an attempt to pass a request on', () => {
  test('whatever was never sent waits for the next primary, while there is patience', () => {
    for (const request of [READ, WRITE, REMOVAL]) {
      expect(stepAfter(unsent(withCode('ECONNREFUSED')), request, 0, true)).toBe('again')
      expect(stepAfter(unsent(new ShoalError('unavailable', 'another leads')), request, 0, true)).toBe(
        'again',
      )
      expect(stepAfter(unsent(withCode('ECONNREFUSED')), request, 0, false)).toBe('refuse')
    }
  })

  test('what an election does not explain is not waited for', () => {
    expect(stepAfter(unsent(withCode('ERR_TLS_CERT_ALTNAME_INVALID')), READ, 0, true)).toBe('refuse')
  })

  test('a read whose answer was lost is repeated, once, also when waiting took long before', () => {
    expect(stepAfter(LOST, READ, 1, true)).toBe('again')
    expect(stepAfter(LOST, READ, 1, false)).toBe('again')
    expect(stepAfter(LOST, READ, 2, true)).toBe('refuse')
    expect(stepAfter(LOST, { isRead: true, hasBody: true }, 1, true)).toBe('refuse')
  })

  test('a write whose answer was lost is never repeated, and the refusal does not say that it was not done', () => {
    for (const request of [WRITE, REMOVAL]) {
      expect(stepAfter(LOST, request, 1, true)).toBe('refuse-as-unknown')
    }
  })

  test('a manager that leads no more has done nothing: the request goes to the next', () => {
    expect(stepAfter({ type: 'declined' }, REMOVAL, 0, true)).toBe('again')
    expect(stepAfter({ type: 'declined' }, REMOVAL, 0, false)).toBe('refuse')
  })

  test('an answer is the end of it', () => {
    expect(stepAfter({ type: 'answered' }, WRITE, 0, true)).toBe('done')
  })
})
