import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { ERROR_CODES, ShoalError } from '@shoal/common'
import { expect, test } from 'vitest'
import { fromGrpcError, toGrpcStatus } from './status.js'

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
