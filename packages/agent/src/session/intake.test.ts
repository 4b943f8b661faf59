import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import { settle } from '@shoal/common/virtual-clock'
import type { Assignments__Output } from '@shoal/proto'
import { documentLane, Intake } from './intake.js'

/** Something that is done when the test says so. */
class Gate {
  readonly calls: string[] = []
  #open: (() => void) | undefined
  #refuse: ((error: Error) => void) | undefined

  enter(call: string): Promise<void> {
    this.calls.push(call)
    return new Promise((resolve, reject) => {
      this.#open = resolve
      this.#refuse = reject
    })
  }

  async open(): Promise<void> {
    this.#open?.()
    await settle()
  }

  async refuse(): Promise<void> {
    this.#refuse?.(new Error('no'))
    await settle()
  }
}

function message(sequence: number, fields: Partial<Assignments__Output> = {}): Assignments__Output {
  const none = { put: [], removedTaskIds: [], putDocuments: [], removedDocuments: [] }
  return { sequence, complete: false, more: false, ...none, ...fields }
}

const task = (taskId: string) => ({ put: [{ taskId, taskJson: JSON.stringify({ ID: taskId }) }] })
const peer = (id: string) => ({ putDocuments: [{ kind: 'peer', id, json: '{}' }] })
const noPeer = (id: string) => ({ removedDocuments: [{ kind: 'peer', id }] })

describe('what a session takes in', () => {
  let tasks: Gate
  let network: Gate
  let acknowledged: number[]
  /** The connection takes the acknowledgement that is under way. */
  let sent: () => void
  let failure: unknown
  let documents: ReturnType<typeof documentLane>
  let intake: Intake

  beforeEach(() => {
    tasks = new Gate()
    network = new Gate()
    acknowledged = []
    sent = () => undefined
    failure = undefined
    documents = documentLane(
      {
        replaceAll: (all) => network.enter(`all ${all.map(({ id }) => id).join(' ')}`),
        change: (put, removed) =>
          network.enter([...put.map(({ id }) => `+${id}`), ...removed.map(({ id }) => `-${id}`)].join(' ')),
      },
      silentLogger,
    )
    intake = new Intake({
      onAssignments: {
        replaceAll: (all) => tasks.enter(`all ${all.map(({ ID }) => ID).join(' ')}`),
        change: ({ put, removedTaskIds }) =>
          tasks.enter([...put.map(({ ID }) => `+${ID}`), ...removedTaskIds.map((id) => `-${id}`)].join(' ')),
        statuses: () => [],
      },
      documents,
      acknowledge: (sequence, taken) => {
        acknowledged.push(sequence)
        sent = taken
      },
      failed: (error) => {
        failure = error
      },
    })
  })

  test('a number is acknowledged when tasks and documents have both come that far', async () => {
    intake.take(message(1, { complete: true, ...task('t1'), ...peer('p1') }))
    await tasks.open()
    expect(acknowledged).toEqual([])
    await network.open()
    expect(acknowledged).toEqual([1])
  })

  test('neither waits for the other', async () => {
    intake.take(message(1, { complete: true }))
    intake.take(message(2, task('t1')))
    intake.take(message(3, peer('p1')))
    await tasks.open()
    expect(tasks.calls).toEqual(['all ', '+t1'])
    expect(network.calls).toEqual(['all '])
    await network.open()
    expect(network.calls).toEqual(['all ', '+p1'])
    await network.open()
    // The task of the second message is still being taken.
    expect(acknowledged).toEqual([1])
    sent()
    await tasks.open()
    expect(acknowledged).toEqual([1, 3])
  })

  test('what comes during a call is joined, and the latest of each name counts', async () => {
    intake.take(message(1, { complete: true }))
    intake.take(message(2, peer('p1')))
    intake.take(message(3, noPeer('p2')))
    intake.take(message(4, { ...peer('p2'), ...noPeer('p1') }))
    await tasks.open()
    await network.open()
    expect(network.calls).toEqual(['all ', '+p2 -p1'])
    await network.open()
    sent()
    expect(acknowledged).toEqual([1, 4])
  })

  test('of the acknowledgements that the connection is slow to take only the latest goes out', async () => {
    intake.take(message(1, { complete: true }))
    await tasks.open()
    await network.open()
    for (const sequence of [2, 3, 4]) {
      intake.take(message(sequence, peer(`p${sequence}`)))
      await network.open()
    }
    expect(acknowledged).toEqual([1])
    sent()
    expect(acknowledged).toEqual([1, 4])
    sent()
    expect(acknowledged).toEqual([1, 4])
  })

  test('given a network that refuses, it is not acknowledged, and the next that holds vouches for it', async () => {
    intake.take(message(1, { complete: true, ...peer('p1') }))
    await tasks.open()
    await network.refuse()
    expect([acknowledged, failure]).toEqual([[], undefined])
    intake.take(message(2, peer('p2')))
    await network.open()
    expect(acknowledged).toEqual([2])
  })

  test('given tasks that cannot be taken, the session is over and no more are handed on', async () => {
    intake.take(message(1, { complete: true, ...task('t1') }))
    intake.take(message(2, task('t2')))
    await tasks.refuse()
    expect(failure).toEqual(new Error('no'))
    expect(tasks.calls).toEqual(['all t1'])
    await network.open()
    expect(acknowledged).toEqual([])
  })

  test('it is idle when all tasks have been handed on, however long the network takes', async () => {
    intake.take(message(1, { complete: true, ...peer('p1') }))
    let idle = false
    void intake.idle().then(() => {
      idle = true
    })
    await settle()
    expect(idle).toBe(false)
    await tasks.open()
    expect(idle).toBe(true)
  })

  test('given a network that is busy, the set of the next session follows in its place', async () => {
    intake.take(message(1, { complete: true, ...peer('p1') }))
    intake.take(message(2, peer('p2')))
    await tasks.open()
    const numbers: number[] = []
    const next = new Intake({
      onAssignments: { replaceAll: () => undefined, change: () => undefined, statuses: () => [] },
      documents,
      acknowledge: (sequence) => numbers.push(sequence),
      failed: () => undefined,
    })
    next.take(message(1, { complete: true, ...peer('p3') }))
    await network.open()
    expect([network.calls, numbers]).toEqual([['all p1', 'all p3'], []])
    await network.open()
    expect([acknowledged, numbers]).toEqual([[1], [1]])
  })
})
