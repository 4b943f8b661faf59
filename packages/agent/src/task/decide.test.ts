import { describe, expect, test } from 'vitest'
import { isBefore, TASK_STATES, type TaskState } from '@shoal/common'
import type { ContainerState } from '../executor/port.js'
import { nextStep, type Observed, type Step } from './decide.js'

const container = (changes: Partial<ContainerState>): ContainerState => ({
  id: 'c1',
  phase: 'running',
  pid: 7,
  exitCode: 0,
  health: 'none',
  ports: [],
  ...changes,
})
const created = container({ phase: 'created', pid: 0 })
const running = container({})
const ended = (exitCode: number): ContainerState => container({ phase: 'ended', pid: 0, exitCode })
const advance = (to: TaskState, words: { message?: string; err?: string }): Step => ({
  kind: 'advance',
  to,
  ...words,
})

type Case = [story: string, desired: TaskState, state: TaskState, observed: Observed, expected: Step]

const CASES: Case[] = [
  ['a new task is accepted', 'running', 'assigned', 'unknown', advance('accepted', { message: 'accepted' })],
  [
    'an accepted one is prepared',
    'running',
    'accepted',
    'unknown',
    advance('preparing', { message: 'preparing' }),
  ],
  ['its container is created without a look', 'running', 'preparing', 'unknown', { kind: 'prepare' }],
  [
    'with its container it is ready',
    'ready',
    'preparing',
    created,
    advance('ready', { message: 'prepared' }),
  ],
  [
    'a container that an agent left running is taken',
    'running',
    'preparing',
    running,
    advance('ready', { message: 'prepared' }),
  ],
  ['ready and wanted ready, it waits', 'ready', 'ready', created, { kind: 'wait' }],
  ['wanted running, it goes on', 'running', 'ready', created, advance('starting', { message: 'starting' })],
  ['a job goes on too', 'complete', 'ready', created, advance('starting', { message: 'starting' })],
  ['its container is started', 'running', 'starting', created, { kind: 'start' }],
  ['after a crash it looks first', 'running', 'starting', 'unknown', { kind: 'observe' }],
  ['it runs', 'running', 'starting', running, advance('running', { message: 'started' })],
  ['not before it is healthy', 'running', 'starting', container({ health: 'starting' }), { kind: 'wait' }],
  [
    'healthy, it runs',
    'running',
    'starting',
    container({ health: 'healthy' }),
    advance('running', { message: 'started' }),
  ],
  [
    'never healthy, it is stopped',
    'running',
    'starting',
    container({ health: 'unhealthy' }),
    { kind: 'stop' },
  ],
  [
    'unhealthy later, it is stopped',
    'running',
    'running',
    container({ health: 'unhealthy' }),
    { kind: 'stop' },
  ],
  [
    'stopped for its health, it failed',
    'running',
    'running',
    { ...ended(137), health: 'unhealthy' },
    advance('failed', { err: 'unhealthy container' }),
  ],
  ['running, there is nothing to do', 'running', 'running', running, { kind: 'wait' }],
  ['ended well', 'running', 'running', ended(0), advance('complete', { message: 'finished' })],
  ['ended badly', 'running', 'running', ended(3), advance('failed', { err: 'task: non-zero exit (3)' })],
  [
    'ended before it was seen to run',
    'running',
    'starting',
    ended(1),
    advance('failed', { err: 'task: non-zero exit (1)' }),
  ],
  [
    'removed by somebody',
    'running',
    'running',
    'absent',
    advance('failed', { err: 'container was removed' }),
  ],
  ['to be shut down, it is looked at', 'shutdown', 'running', 'unknown', { kind: 'observe' }],
  ['and stopped', 'shutdown', 'running', running, { kind: 'stop' }],
  ['and is then shut down', 'shutdown', 'running', ended(143), advance('shutdown', { message: 'shutdown' })],
  [
    'shut down before it began',
    'shutdown',
    'assigned',
    'absent',
    advance('shutdown', { message: 'shutdown' }),
  ],
  ['to be removed, it is stopped first', 'remove', 'running', running, { kind: 'stop' }],
  ['then its container goes', 'remove', 'shutdown', ended(143), { kind: 'remove' }],
  ['then nothing is left', 'remove', 'shutdown', 'absent', { kind: 'wait' }],
  ['an ended task keeps its container', 'shutdown', 'failed', ended(1), { kind: 'wait' }],
  ['an ended task is not started again', 'running', 'failed', created, { kind: 'wait' }],
  ['an ended task does not run on', 'running', 'failed', running, { kind: 'stop' }],
]

describe('the next step of a task', () => {
  test.each(CASES)('%s', (_, desired, state, observed, expected) => {
    expect(nextStep({ desired, state, observed, hostRestarted: false, drained: true })).toEqual(expected)
  })

  test('what ended with the host is started again after its reboot', () => {
    expect(
      nextStep({
        desired: 'running',
        state: 'running',
        observed: ended(255),
        hostRestarted: true,
        drained: true,
      }),
    ).toEqual({ kind: 'start' })
    expect(
      nextStep({
        desired: 'running',
        state: 'failed',
        observed: ended(255),
        hostRestarted: true,
        drained: true,
      }),
    ).toEqual({ kind: 'wait' })
    expect(
      nextStep({
        desired: 'shutdown',
        state: 'running',
        observed: ended(255),
        hostRestarted: true,
        drained: true,
      }).kind,
    ).toBe('advance')
  })

  test('says what it waits for while its networks are not here', () => {
    const view = { desired: 'running', state: 'accepted', observed: 'absent', hostRestarted: false } as const
    expect(nextStep({ ...view, drained: false, awaits: 'waiting for the network front' })).toEqual(
      advance('preparing', { message: 'preparing: waiting for the network front' }),
    )
  })

  test('lets connections to a task that ran come to their end before it is stopped', () => {
    const view = { desired: 'shutdown', observed: running, hostRestarted: false, drained: false } as const
    expect(nextStep({ ...view, state: 'running' })).toEqual({ kind: 'drain' })
    expect(nextStep({ ...view, state: 'starting' })).toEqual({ kind: 'stop' })
    expect(nextStep({ ...view, state: 'running', drained: true })).toEqual({ kind: 'stop' })
  })

  test('a task never moves backward', () => {
    const observations: Observed[] = ['unknown', 'absent', created, running, ended(0), ended(1)]
    const wishes: TaskState[] = ['ready', 'running', 'complete', 'shutdown', 'remove']
    const views = TASK_STATES.flatMap((state) =>
      wishes.flatMap((desired) =>
        observations.map((observed) => ({ state, desired, observed, hostRestarted: false, drained: true })),
      ),
    )
    const backward = views.filter((view) => {
      const step = nextStep(view)
      return step.kind === 'advance' && !isBefore(view.state, step.to)
    })
    expect(backward).toEqual([])
  })
})
