import type { TaskState } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { put, type TaskRecord } from '../../state/index.js'
import { aNode, aService, aSpec, aTask, createTestState } from '../../state/testing/index.js'
import { EventLog } from './event-log.js'

const CONTAINER = 'c'.repeat(64)

/** A cluster with the task `t1` of the service `web` on node `n1`, and what is told of it. */
async function aCluster(healthCheck: readonly string[] = []) {
  const clock = new VirtualClock()
  const state = await createTestState(clock)
  const log = new EventLog(state, clock)
  const spec = aSpec('web', 1)
  const Healthcheck = { Test: [...healthCheck] }
  const container = { ...spec.TaskTemplate.ContainerSpec, Labels: { tier: 'front' }, Healthcheck }
  await state.commit([
    put('node', aNode('n1')),
    put('service', aService('web')),
    put('spec', { ...spec, TaskTemplate: { ContainerSpec: container } }),
  ])
  const become = async (State: TaskState, more: Partial<TaskRecord['Status']> = {}): Promise<void> => {
    clock.advance(2000)
    const known = state.get('task', 't1') ?? aTask('t1', { NodeID: 'n1', Labels: { team: 'blue' } })
    const ContainerStatus = { ContainerID: CONTAINER, PID: 1, ExitCode: State === 'failed' ? 3 : 0 }
    const Timestamp = new Date(clock.now()).toISOString()
    const Status = { Timestamp, State, Message: '', ContainerStatus, ...more }
    await state.commit([put('task', { ...known, Status })])
  }
  const told = () => log.remembered().filter(({ Type }) => Type === 'container')
  return { become, told, state, log, clock }
}

describe('the container of a task', () => {
  test('starts and dies, with all that Docker tells of it, and where', async () => {
    const { become, told } = await aCluster()
    await become('assigned')
    expect(told()).toEqual([])
    await become('running')
    await become('failed')
    expect(told().map(({ Action }) => Action)).toEqual(['start', 'die'])
    expect(told()[1]).toMatchObject({
      status: 'die',
      id: CONTAINER,
      from: 'web:1',
      Type: 'container',
      scope: 'local',
      Actor: {
        ID: CONTAINER,
        Attributes: {
          image: 'web:1',
          name: 'web.1.t1',
          exitCode: '3',
          execDuration: '2',
          tier: 'front',
          team: 'blue',
          'node.name': 'n1',
          'com.docker.swarm.service.name': 'web',
          'com.docker.swarm.task.id': 't1',
        },
      },
    })
  })

  test('has a health where there is a check of it', async () => {
    const { become, told } = await aCluster(['CMD', 'true'])
    await become('running')
    await become('failed', { Err: 'unhealthy container' })
    expect(told().map(({ Action }) => Action)).toEqual([
      'start',
      'health_status: healthy',
      'health_status: unhealthy',
      'die',
    ])
  })

  test('may be lost with its node: then nobody knows that it died', async () => {
    const { become, told } = await aCluster()
    await become('running')
    await become('orphaned')
    expect(told().map(({ Action }) => Action)).toEqual(['start'])
  })
})

test('many containers do not push out what users did, and are not all remembered', async () => {
  const { state, log } = await aCluster()
  const { length } = log.remembered()
  for (let batch = 0; batch < 12; batch++) {
    const tasks = Array.from({ length: 100 }, (_, at) => {
      const ContainerStatus = { ContainerID: CONTAINER, PID: 1, ExitCode: 0 }
      const Status = { Timestamp: '', State: 'running' as const, Message: '', ContainerStatus }
      return put('task', aTask(`t${batch}-${at}`, { NodeID: 'n1', Status }))
    })
    await state.commit(tasks)
  }
  expect(log.remembered().filter(({ Type }) => Type === 'container')).toHaveLength(1024)
  expect(log.remembered()).toHaveLength(1024 + length)
})
