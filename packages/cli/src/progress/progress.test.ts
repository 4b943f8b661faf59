import { VirtualClock } from '@shoal/common/virtual-clock'
import { ShoalError } from '@shoal/common/errors'
import type { Node, Service, ServiceMode, Task, UpdateState } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { decideProgress, type Goal, liveScreen, plainScreen, progressLines, waitForService } from './index.js'

const service = (mode: ServiceMode, more: Partial<Service> = {}): Service => ({
  ID: 'svc',
  Version: { Index: 1 },
  CreatedAt: '',
  UpdatedAt: '',
  Spec: { Name: 'web', Mode: mode },
  Endpoint: {},
  ...more,
})
const three = { Replicated: { Replicas: 3 } }
let sequence = 0
const task = (Slot: number, State: string, more: Partial<Task> & { Err?: string } = {}): Task => ({
  ID: `t${++sequence}`,
  Version: { Index: 1 },
  CreatedAt: new Date(sequence * 1000).toISOString(),
  UpdatedAt: '',
  Labels: {},
  Spec: {},
  ServiceID: 'svc',
  Slot,
  NodeID: 'n1',
  Status: { Timestamp: '', State, Message: '', ...(more.Err !== undefined && { Err: more.Err }) },
  DesiredState: more.DesiredState ?? 'running',
  ...(more.NodeID !== undefined && { NodeID: more.NodeID }),
  ...(more.JobIteration !== undefined && { JobIteration: more.JobIteration }),
})
const node = (ID: string, State: Node['Status']['State'] = 'ready'): Node => ({
  ID,
  Version: { Index: 1 },
  CreatedAt: '',
  UpdatedAt: '',
  Spec: {},
  Description: { Hostname: `host-${ID}`, Platform: {}, Resources: {}, Engine: { EngineVersion: '' } },
  Status: { State, Addr: '' },
})
const nodes = [node('n1'), node('n2'), node('n3', 'down')]
const status = (State: UpdateState, Message = 'm') => ({ UpdateStatus: { State, Message, StartedAt: 'now' } })
const goal: Goal = { name: 'web' }
const say = (mode: ServiceMode, tasks: Task[], more: Partial<Service> = {}) =>
  progressLines(decideProgress(goal, {}, { service: service(mode, more), tasks, nodes }, 0).progress).map(
    (line) => line.text.trimEnd(),
  )

describe('what is shown', () => {
  test('a line per replica with its state', () => {
    expect(say(three, [task(1, 'running'), task(2, 'preparing')])).toEqual([
      'overall progress: 1 out of 3 tasks',
      '1/3: running',
      '2/3: preparing',
      '3/3:',
    ])
  })
  test('names in one column, and nothing of tasks that were shut down before', () => {
    const ten = { Replicated: { Replicas: 10 } }
    const lines = say(ten, [task(1, 'running'), task(2, 'shutdown', { DesiredState: 'shutdown' })])
    expect(lines.slice(1, 3)).toEqual([' 1/10: running', ' 2/10:'])
    expect(lines.at(-1)).toBe('10/10:')
  })
  test('why tasks are stuck, once for all that share the reason', () => {
    const Err = 'no suitable node (insufficient resources on 2 nodes)'
    expect(
      say(three, [task(1, 'running'), task(2, 'pending', { Err }), task(3, 'pending', { Err })]).slice(-2),
    ).toEqual([`  2/3, 3/3: ${Err}`, '  node by node: ctl service explain web'])
  })
  test('the reason of a crash loop, while the next attempt only waits', () => {
    const crashed = task(1, 'failed', { DesiredState: 'shutdown', Err: 'task: non-zero exit (1)' })
    expect(
      say({ Replicated: { Replicas: 1 } }, [crashed, task(1, 'ready', { DesiredState: 'ready' })]),
    ).toEqual(['overall progress: 0 out of 1 tasks', '1/1: ready', '  1/1: task: non-zero exit (1)'])
  })
  test('of old and new task in a slot, the one that is wanted', () => {
    const stopping = task(1, 'running', { DesiredState: 'shutdown' })
    expect(say({ Replicated: { Replicas: 1 } }, [stopping, task(1, 'starting')])).toContain('1/1: starting')
  })
  test('slots with gaps are counted from one', () => {
    expect(say({ Replicated: { Replicas: 2 } }, [task(4, 'running'), task(9, 'running')])[0]).toBe(
      'overall progress: 2 out of 2 tasks',
    )
  })
  test('tasks on nodes that are down do not count', () => {
    expect(say({ Replicated: { Replicas: 1 } }, [task(1, 'running', { NodeID: 'n3' })])[0]).toBe(
      'overall progress: 0 out of 1 tasks',
    )
  })
  test('many replicas are shown in sum', () => {
    const tasks = Array.from({ length: 25 }, (_, index) => task(index + 1, 'pending', { Err: 'full' }))
    expect(say({ Replicated: { Replicas: 25 } }, tasks)).toEqual([
      'overall progress: 0 out of 25 tasks',
      '  25 tasks: full',
    ])
  })
  test('a global service by node', () => {
    const tasks = [task(0, 'running'), task(0, 'starting', { NodeID: 'n2' })]
    expect(say({ Global: {} }, tasks)).toEqual([
      'overall progress: 1 out of 2 tasks',
      'host-n1: running',
      'host-n2: starting',
    ])
    expect(say({ Global: {} }, [])).toEqual(['overall progress: waiting for new tasks'])
  })
  test('a job, of this iteration only', () => {
    const JobIteration = { Index: 2 }
    const tasks = [task(0, 'complete', { JobIteration }), task(1, 'complete', { JobIteration: { Index: 1 } })]
    const job = { ReplicatedJob: { TotalCompletions: 2, MaxConcurrent: 2 } }
    expect(say(job, tasks, { JobStatus: { JobIteration } })).toEqual([
      'job progress: 1 out of 2 complete',
      '1/2: complete',
      '2/2:',
    ])
  })
  test('a rollback, with its reason', () => {
    expect(
      say(three, [], status('rollback_started', 'update rolled back due to failure')).slice(0, 2),
    ).toEqual([
      'overall progress: rolling back update: 0 out of 3 tasks',
      'rollback: update rolled back due to failure',
    ])
  })
})

describe('when it is over', () => {
  const all = [task(1, 'running'), task(2, 'running'), task(3, 'running')]
  const some = all.slice(1)
  const converged = { kind: 'converged', message: 'Service web converged' }
  const cases: [string, Task[], Partial<Service>, Partial<Goal>, object | undefined][] = [
    ['all run, but not for long enough', all, {}, {}, undefined],
    ['the manager has watched the update to its end', all, status('completed'), {}, converged],
    ['the manager says completed, the tasks do not', some, status('completed'), {}, undefined],
    [
      'paused',
      some,
      status('paused', 'update paused due to failure'),
      {},
      { kind: 'failed', message: 'service update paused: update paused due to failure' },
    ],
    [
      'rollback paused',
      some,
      status('rollback_paused', 'x'),
      {},
      { kind: 'failed', message: 'service rollback paused: x' },
    ],
    [
      'rolled back by itself',
      all,
      status('rollback_completed', 'rollback completed'),
      {},
      { kind: 'failed', message: 'service rolled back: rollback completed' },
    ],
    ['rolled back as asked', all, status('rollback_completed'), { rollback: true }, converged],
    [
      'a status from before the change',
      some,
      status('paused'),
      { staleStatus: { State: 'paused', Message: '', StartedAt: 'now' } },
      undefined,
    ],
  ]
  test.each(cases)('%s', (_name, tasks, more, extra, outcome) => {
    const look = { service: service(three, more), tasks, nodes }
    expect(decideProgress({ ...goal, ...extra }, {}, look, 0).progress.outcome).toEqual(outcome)
  })

  test('the monitor period is waited for, and a failure in it begins it anew', () => {
    const look = (tasks: Task[]) => ({
      service: service(three, { Spec: { Mode: three, UpdateConfig: { Monitor: 2e9 } } }),
      tasks,
      nodes,
    })
    const first = decideProgress(goal, {}, look(all), 1000)
    expect(first.progress.verify).toBe('Waiting 3 seconds to verify that tasks are stable...')
    const fell = decideProgress(goal, first.memory, look(some), 2000)
    expect(fell.progress.verify).toBe('Detected task failure')
    const again = decideProgress(goal, fell.memory, look(all), 3000)
    expect(decideProgress(goal, again.memory, look(all), 4999).progress.outcome).toBeUndefined()
    expect(decideProgress(goal, again.memory, look(all), 5000).progress.outcome).toEqual(converged)
  })

  test('no replicas are there at once', () => {
    const look = { service: service({ Replicated: { Replicas: 0 } }), tasks: [], nodes }
    expect(decideProgress(goal, {}, look, 0).progress.verify).toContain('to verify')
  })
})

describe('screens', () => {
  test('a file gets a line only when it says something new', () => {
    let text = ''
    const screen = plainScreen((part) => (text += part))
    screen.show([
      { id: 'a', text: 'a: 1' },
      { id: '1/1', text: '1/1:          ' },
    ])
    screen.show([
      { id: 'a', text: 'a: 1' },
      { id: '1/1', text: '1/1: new      ', fraction: 0.1 },
    ])
    expect(text).toBe('a: 1\n1/1: new\n')
  })
  function given(size: { columns: number; rows: number }) {
    let text = ''
    const screen = liveScreen(
      (part) => (text += part),
      () => size,
    )
    return {
      /** What is written for a state. */
      show(lines: Parameters<typeof screen.show>[0]) {
        text = ''
        screen.show(lines)
        return text
      },
    }
  }
  const drawn = (...rows: string[]) => `${rows.map((row) => `\u001b[2K${row}\n`).join('')}\u001b[J`

  test('a terminal is drawn over, and long lines are broken before it wraps them', () => {
    const screen = given({ columns: 60, rows: 24 })
    const written = screen.show([
      { id: '1', text: '1/1: ready', fraction: 0.5 },
      { id: 'why', text: 'x'.repeat(100) },
    ])
    expect(written).toBe(
      drawn(`1/1: ready [${'='.repeat(10)}>${' '.repeat(10)}]`, 'x'.repeat(59), 'x'.repeat(41)),
    )
    expect(screen.show([{ id: '1', text: 'done' }])).toBe(`\u001b[3A${drawn('done')}`)
  })
  test('a terminal that has become narrower has wrapped what was there', () => {
    const size = { columns: 60, rows: 24 }
    const screen = given(size)
    screen.show([{ id: '1', text: 'x'.repeat(50) }])
    size.columns = 30
    expect(screen.show([{ id: '1', text: 'done' }])).toBe(`\u001b[2A${drawn('done')}`)
  })
  test('a terminal with few rows is not made to scroll', () => {
    const screen = given({ columns: 60, rows: 6 })
    const slots = Array.from({ length: 9 }, (_, index) => ({
      id: `${index}`,
      text: `slot ${index}`,
      optional: true,
    }))
    const written = screen.show([
      { id: 'all', text: 'overall' },
      ...slots,
      { id: 'verify', text: 'verify: soon' },
    ])
    expect(written).toBe(drawn('overall', 'slot 0', 'slot 1', '  … and 7 more', 'verify: soon'))
  })
})

describe('the wait', () => {
  const one = { Replicated: { Replicas: 1 } }
  function given(looks: (Task[] | Error)[]) {
    const clock = new VirtualClock()
    const stop = new AbortController()
    let text = ''
    let index = 0
    const asked: unknown[] = []
    const source = {
      service: async () => service(one),
      nodes: async () => nodes,
      tasks: async (filters: unknown) => {
        asked.push(filters)
        const look = looks[Math.min(index++, looks.length - 1)]
        if (look instanceof Error) throw look
        return look ?? []
      },
    }
    const screen = plainScreen((part) => (text += part))
    const ended = waitForService('svc', goal, { source, screen, clock, signal: stop.signal })
    return { clock, stop, ended, asked, said: () => text }
  }

  test('ends when the service has converged', async () => {
    const { clock, ended, asked, said } = given([[], [task(1, 'preparing')], [task(1, 'running')]])
    await clock.advanceAsync(6000)
    expect(await ended).toEqual({ kind: 'converged', message: 'Service web converged' })
    expect(asked[0]).toEqual({ service: ['svc'], '_up-to-date': ['true'] })
    expect(said().split('\n').slice(0, 4)).toEqual([
      'overall progress: 0 out of 1 tasks',
      '1/1: preparing',
      'overall progress: 1 out of 1 tasks',
      '1/1: running',
    ])
    expect(said()).toMatch(/verify: Service web converged\n$/)
  })

  test('outlives a manager that is away for a moment', async () => {
    const { clock, ended, said } = given([new ShoalError('unavailable', 'gone'), [task(1, 'running')]])
    await clock.advanceAsync(6000)
    expect(await ended).toMatchObject({ kind: 'converged' })
    expect(said()).toContain('waiting for the manager: gone')
  })

  test('gives up on a manager that stays away', async () => {
    const { clock, ended } = given([new ShoalError('unavailable', 'gone')])
    await Promise.all([expect(ended).rejects.toThrow('gone'), clock.advanceAsync(61_000)])
  })

  test('a service that is removed meanwhile ends it', async () => {
    const { ended } = given([new ShoalError('not-found', 'service svc not found')])
    await expect(ended).rejects.toThrow('service svc not found')
  })

  test('ends when it is told to', async () => {
    const { clock, stop, ended } = given([[]])
    await clock.advanceAsync(100)
    stop.abort()
    expect(await ended).toEqual({ kind: 'interrupted' })
  })
})
