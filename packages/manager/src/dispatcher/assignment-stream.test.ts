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

  beforeEach(async () => {
    clock = new VirtualClock()
    state = await createTestState(clock)
    sent = []
    take = () => undefined
    stream = new AssignmentStream({
      view: state,
      nodeId: 'n1',
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
    const documents = { putDocuments: [], removedDocuments: [] }
    expect(sent).toEqual([
      { sequence: 1, complete: true, more: false, put: [], removedTaskIds: [], ...documents },
    ])
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
