import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { ERROR_CODES, ShoalError } from '@shoal/common'
import { expect, test } from 'vitest'
import { fromGrpcError, PRIMARY_TRAILER, primaryNamedBy, toGrpcStatus } from './status.js'

const received = (code: status, details: string): ServiceError =>
  Object.assign(new Error(`${code} ${details}`), { code, details, metadata: new Metadata() })

test.each(ERROR_CODES)(
  'given an error of the code %s, when it has travelled, then it is the same',
  (code) => {
    const { code: number, details } = toGrpcStatus(new ShoalError(code, 'the reason'))
    const arrived = fromGrpcError(received(number, details))
    expect(arrived).toMatchObject({ code, message: 'the reason' })
    expect(arrived.cause).toBeInstanceOf(Error)
  },
)

test('given a fault of ours, then its text does not travel', () => {
  expect(toGrpcStatus(new TypeError('secret is undefined'))).toEqual({
    code: status.INTERNAL,
    details: 'internal error',
  })
})

test.each([
  [status.DEADLINE_EXCEEDED, 'unavailable'],
  [status.RESOURCE_EXHAUSTED, 'unavailable'],
  [status.CANCELLED, 'unavailable'],
  [status.UNKNOWN, 'internal'],
  [status.DATA_LOSS, 'internal'],
] as const)('given the status %s, then it is read as %s', (number, code) => {
  expect(fromGrpcError(received(number, 'why')).code).toBe(code)
})

test('given something that is no status, then it is internal and keeps its cause', () => {
  const cause = new RangeError('odd')
  expect(fromGrpcError(cause)).toMatchObject({ code: 'internal', cause })
})

test('given a trailer with the primary, then it is found in the error and in what is made of it', () => {
  const error = received(status.UNAVAILABLE, 'not the primary')
  expect(primaryNamedBy(error)).toBeUndefined()
  error.metadata.set(PRIMARY_TRAILER, '10.0.0.1:2377')
  expect(primaryNamedBy(error)).toBe('10.0.0.1:2377')
  expect(primaryNamedBy(fromGrpcError(error))).toBe('10.0.0.1:2377')
  expect(primaryNamedBy(new TypeError('something else'))).toBeUndefined()
})
