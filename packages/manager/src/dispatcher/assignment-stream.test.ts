import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { Assignments } from '@shoal/proto'
import { put, remove } from '../state/records.js'
import { createTestState } from '../state/testing/index.js'
import { AssignmentStream } from './assignment-stream.js'
import { service, status, task } from './testing/records.js'

describe('what a session is told to run', () => {
  let clock: VirtualClock
  let state: Awaited<ReturnType<typeof createTestState>>
  let stream: AssignmentStream
  let sent: Assignments[]
  /** The connection takes the message that is under way. */
  let take: () => void
  /** The documents of the node, by their keys. */
  let documents: Map<string, string>
  let withheld: Set<string>
  /** What the gate of stops was told. */
  let told: string[]

  beforeEach(async () => {
    clock = new VirtualClock()
    state = await createTestState(clock)
    sent = []
    take = () => undefined
    documents = new Map()
    withheld = new Set()
    told = []
    stream = new AssignmentStream({
      view: state,
      nodeId: 'n1',
      documents: { keysFor: () => documents.keys(), textFor: (_, key) => documents.get(key) },
      stops: {
        withholds: (taskId) => withheld.has(taskId),
        told: (_, key, sequence) => told.push(`${key} ${sequence}`),
        toldAll: (_, sequence) => told.push(`all ${sequence}`),
      },
      clock,
      log: silentLogger,
      send: (message, taken) => {
        sent.push(message)
        take = taken
      },
    })
  })

  test('nothing is a complete set, too', () => {
    stream.start()
    const none = { put: [], removedTaskIds: [], putDocuments: [], removedDocuments: [] }
    expect(sent).toEqual([{ sequence: 1, complete: true, more: false, ...none }])
    take()
    expect(sent).toHaveLength(1)
  })

  test('the set holds what is placed here and has not ended', async () => {
    await state.commit([
      ...service(),
      put('task', task('assigned')),
      put('task', task('stopping', { DesiredState: 'shutdown', Status: status('running') })),
      put('task', task('ended', { Status: status('failed') })),
      put('task', task('elsewhere', { NodeID: 'n2' })),
      put('task', task('waiting', { Status: status('pending') })),
    ])
    stream.start()
    expect(ids(sent[0])?.sort()).toEqual(['assigned', 'stopping'])
  })

  test('a large set goes out in several messages, each after the last was taken', async () => {
    await state.commit(service('x'.repeat(200_000)))
    await state.commit(Array.from({ length: 7 }, (_, i) => put('task', task(`t${i}`))))
    stream.start()
    expect(sent).toHaveLength(1)
    take()
    take()
    expect(sent.map(({ sequence, complete, more }) => ({ sequence, complete, more }))).toEqual([
      { sequence: 1, complete: true, more: true },
      { sequence: 2, complete: true, more: true },
      { sequence: 3, complete: true, more: false },
    ])
    expect(sent.flatMap((message) => ids(message))).toHaveLength(7)
  })

  test('changes of one moment are one increment', async () => {
    await state.commit([...service(), put('task', task('t1'))])
    stream.start()
    take()
    const stored = state.get('task', 't1')
    await state.commit([put('task', task('t2')), ...(stored ? [remove('task', stored)] : [])])
    for (const id of ['t1', 't2', 't1']) stream.touch(id)
    expect(sent).toHaveLength(1)
    clock.advance(10)
    expect(sent[1]).toMatchObject({ sequence: 2, complete: false, more: false, removedTaskIds: ['t1'] })
    expect(ids(sent[1])).toEqual(['t2'])
  })

  test('a slow agent gets the latest only, once it can take it', async () => {
    await state.commit([...service(), put('task', task('t1'))])
    stream.start()
    for (const DesiredState of ['ready', 'running', 'shutdown'] as const) {
      const stored = state.get('task', 't1')
      if (stored) await state.commit([put('task', { ...stored, DesiredState })])
      stream.touch('t1')
      clock.advance(10)
    }
    expect(sent).toHaveLength(1)
    take()
    expect(sent).toHaveLength(2)
    expect(JSON.parse(sent[1]?.put?.[0]?.taskJson ?? '{}')).toMatchObject({ DesiredState: 'shutdown' })
    take()
    expect(sent).toHaveLength(2)
  })

  test('documents belong to the set, and go before the tasks that may need them', async () => {
    await state.commit([...service('x'.repeat(600_000)), put('task', task('t1'))])
    documents.set('network/net1', '{}').set('peer/net1/10.0.0.9', '{}')
    stream.start()
    take()
    const names = sent.map(({ putDocuments = [], put = [] }) => [...putDocuments, ...put].length)
    expect(names).toEqual([3])
    expect(sent[0]?.putDocuments?.map(({ kind, id }) => [kind, id])).toEqual([
      ['network', 'net1'],
      ['peer', 'net1/10.0.0.9'],
    ])
    expect(told).toEqual(['network/net1 1', 'peer/net1/10.0.0.9 1', 'all 1'])
  })

  test('many documents go out in several messages, and the number of the last stands for all', () => {
    for (let i = 0; i < 20; i++) documents.set(`endpoints/s${i}`, 'x'.repeat(100_000))
    stream.start()
    for (let i = 0; i < 5; i++) take()
    expect(sent.map(({ more, putDocuments }) => [more, putDocuments?.length])).toEqual([
      [true, 6],
      [true, 6],
      [true, 6],
      [false, 2],
    ])
    expect(told.slice(-2)).toEqual(['endpoints/s19 4', 'all 4'])
  })

  test('a document that changes is sent as it stands then; one that is gone is removed', () => {
    documents.set('endpoints/s1', 'old').set('endpoints/s2', 'old')
    stream.start()
    take()
    documents.set('endpoints/s1', 'newer')
    stream.touchDocument('endpoints/s1')
    stream.touchDocument('endpoints/s2')
    documents.set('endpoints/s1', 'newest')
    documents.delete('endpoints/s2')
    clock.advance(10)
    expect(sent[1]).toMatchObject({
      sequence: 2,
      putDocuments: [{ kind: 'endpoints', id: 's1', json: 'newest' }],
      removedDocuments: [{ kind: 'endpoints', id: 's2' }],
    })
    expect(told.slice(-2)).toEqual(['endpoints/s1 2', 'endpoints/s2 2'])
  })

  test('a stop that is withheld is not told, and to a new session the task is one that runs', async () => {
    const stopping = task('t1', { DesiredState: 'shutdown', Status: status('running') })
    await state.commit([...service(), put('task', stopping)])
    withheld.add('t1')
    stream.start()
    take()
    expect(JSON.parse(sent[0]?.put?.[0]?.taskJson ?? '{}')).toMatchObject({ DesiredState: 'running' })
    stream.touch('t1')
    clock.advance(10)
    expect(sent).toHaveLength(1)
    withheld.clear()
    stream.touch('t1')
    clock.advance(10)
    expect(JSON.parse(sent[1]?.put?.[0]?.taskJson ?? '{}')).toMatchObject({ DesiredState: 'shutdown' })
  })

  test('an agent cannot acknowledge what it was not told', () => {
    stream.start()
    expect([stream.limit(1), stream.limit(7)]).toEqual([1, 1])
  })

  test('after the end nothing is sent, and no timer is left', async () => {
    stream.start()
    take()
    stream.touch('t1')
    stream.stop()
    stream.touch('t1')
    expect(clock.nextTimerAt()).toBeUndefined()
    expect(sent).toHaveLength(1)
  })
})

function ids(message: Assignments | undefined): (string | undefined)[] | undefined {
  return message?.put?.map(({ taskId }) => taskId)
}
