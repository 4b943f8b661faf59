import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { put } from '../../state/index.js'
import { aNode, aService, aSpec, aTask, createTestState } from '../../state/testing/index.js'
import { clusterEventOf } from './engine-event.js'

const CONTAINER = 'c'.repeat(64)
const EXEC = 'e'.repeat(64)

/** The task `t1` of the service `web` runs on `n1`. */
async function aState(Healthcheck: object = {}) {
  const state = await createTestState(new VirtualClock())
  const spec = aSpec('web', 1)
  const ContainerSpec = { ...spec.TaskTemplate.ContainerSpec, Image: 'web:1', Healthcheck }
  await state.commit([
    put('node', aNode('n1')),
    put('service', aService('web')),
    put('spec', { ...spec, TaskTemplate: { ContainerSpec } }),
    put('task', aTask('t1', { NodeID: 'n1', Slot: 2 })),
  ])
  return state
}

/** As Docker's engine tells it. */
const told = (Action: string, more: Record<string, string> = {}) => ({
  status: Action,
  id: CONTAINER,
  from: 'sha256:1234',
  Type: 'container',
  Action,
  Actor: {
    ID: CONTAINER,
    Attributes: {
      image: 'sha256:1234',
      name: 'web.2.t1',
      'com.docker.swarm.task.id': 't1',
      'com.docker.swarm.task.name': 'web.2.t1',
      'io.shoal.task.id': 't1',
      tier: 'front',
      ...more,
    },
  },
  scope: 'local',
  time: 1_700_000_000,
  timeNano: 1_700_000_000_000_000_000,
})

test('what an engine tells is told with Docker’s attributes, the container’s name and its node', async () => {
  const event = clusterEventOf(told('kill', { signal: '15' }), 'n1', await aState())
  expect(event).toEqual({
    ...told('kill'),
    from: 'web:1',
    Actor: {
      ID: CONTAINER,
      Attributes: {
        image: 'web:1',
        name: 'web.2.t1',
        signal: '15',
        tier: 'front',
        'com.docker.swarm.task.id': 't1',
        'com.docker.swarm.task.name': 'web.2.t1',
        'com.docker.swarm.node.id': 'n1',
        'node.name': 'n1',
      },
    },
  })
})

test('the ID of an exec is the cluster’s', async () => {
  const event = clusterEventOf(told('exec_die', { execID: EXEC, exitCode: '7' }), 'n1', await aState())
  expect(event?.Actor.Attributes).toMatchObject({ execID: `${EXEC}.n1`, exitCode: '7' })
})

test('a container whose task is forgotten keeps its name', async () => {
  const gone = told('destroy', { 'com.docker.swarm.task.id': 't9', 'com.docker.swarm.task.name': 'web.2.t9' })
  expect(clusterEventOf(gone, 'n1', await aState())?.Actor.Attributes).toMatchObject({
    name: 'web.2.t9',
    image: 'sha256:1234',
  })
})

test('what the state tells is not told twice', async () => {
  const checked = await aState({ Test: ['CMD', 'true'] })
  for (const action of ['start', 'die']) expect(clusterEventOf(told(action), 'n1', checked)).toBeUndefined()
  expect(clusterEventOf(told('health_status: healthy'), 'n1', checked)).toBeUndefined()
  // A check that only the image names is known to the engine alone.
  expect(clusterEventOf(told('health_status: healthy'), 'n1', await aState())).toBeDefined()
})

test.each([[null], [{}], [{ ...told('kill'), Type: 'image' }], [{ ...told('kill'), Actor: { ID: 3 } }]])(
  '%j is no event of a container',
  async (document) => expect(clusterEventOf(document, 'n1', await aState())).toBeUndefined(),
)
