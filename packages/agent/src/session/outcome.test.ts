import { expect, test } from 'vitest'
import { Metadata, status } from '@grpc/grpc-js'
import { outcomeOf } from './outcome.js'

function grpcError(code: status, details: string, primary?: string): Error {
  const metadata = new Metadata()
  if (primary !== undefined) metadata.set('shoal-primary', primary)
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata })
}

const cases: [string, unknown, number | undefined, object][] = [
  [
    'ended in good order',
    undefined,
    9_000,
    { kind: 'lost', reason: 'the manager ended the session', livedMs: 9_000 },
  ],
  ['nobody there', grpcError(status.UNAVAILABLE, 'gone'), undefined, { kind: 'unreachable', reason: 'gone' }],
  ['went away', grpcError(status.UNAVAILABLE, 'gone'), 7, { kind: 'lost', reason: 'gone', livedMs: 7 }],
  ['unknown here', grpcError(status.PERMISSION_DENIED, 'no'), undefined, { kind: 'refused', reason: 'no' }],
  ['thrown out', grpcError(status.PERMISSION_DENIED, 'no'), 7, { kind: 'refused', reason: 'no' }],
  [
    'no certificate',
    grpcError(status.UNAUTHENTICATED, 'who?'),
    undefined,
    { kind: 'refused', reason: 'who?' },
  ],
  [
    'deposed',
    grpcError(status.UNAVAILABLE, 'not the primary', 'p:2377'),
    9_000,
    { kind: 'lost', reason: 'not the primary', livedMs: 9_000, primary: 'p:2377' },
  ],
  [
    'sent on',
    grpcError(status.UNAVAILABLE, 'not the primary', 'p:2377'),
    undefined,
    { kind: 'unreachable', reason: 'not the primary', primary: 'p:2377' },
  ],
]

test.each(cases)('%s', (_, error, livedMs, outcome) => {
  expect(outcomeOf(error, livedMs)).toEqual(outcome)
})
