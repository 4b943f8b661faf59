import { expect, test } from 'vitest'
import { neverMoreInMotionThan } from '../testing/stories.js'
import { World } from '../testing/world.js'

const GLOBAL = { Mode: { Global: {} } }

/** The images that run, by node. */
function images(world: World): (string | undefined)[] {
  return world
    .running()
    .map((task) => `${task.NodeID} ${world.imageOf(task)}`)
    .toSorted()
}

test('a node that was paused during the update gets the new version when it is active again', async () => {
  const world = await World.create(['a', 'b'])
  await world.deploy('app:1', GLOBAL)
  await world.until(() => world.running('app:1').length === 2)
  await world.setNode('b', { Availability: 'pause' })
  await world.updateImage('app:2')
  await world.until(() => world.updateState() === 'completed')
  expect(images(world)).toEqual(['a app:2', 'b app:1'])

  await world.setNode('b', { Availability: 'active' })
  await world.run(5_000)
  expect(images(world)).toEqual(['a app:2', 'b app:2'])
  expect(world.updateState()).toBe('completed')
})

test('a task that rests on a node which was down during the update is followed by the new version', async () => {
  const world = await World.create(['a', 'b'])
  await world.deploy('app:1', GLOBAL, { RestartPolicy: { Condition: 'none' } })
  await world.until(() => world.running('app:1').length === 2)
  await world.end(
    world.running().filter((task) => task.NodeID === 'b'),
    'failed',
  )
  await world.setNode('b', { State: 'down' })
  await world.updateImage('app:2')
  await world.until(() => world.updateState() === 'completed')

  await world.setNode('b', { State: 'ready' })
  await world.run(5_000)
  expect(images(world)).toEqual(['a app:2', 'b app:2'])
})

test('those that come late keep to the parallelism', async () => {
  const world = await World.create(['a', 'b', 'c'])
  await world.deploy('app:1', { ...GLOBAL, UpdateConfig: { Parallelism: 1, Order: 'stop-first' } })
  await world.until(() => world.running('app:1').length === 3)
  for (const id of ['b', 'c']) await world.setNode(id, { Availability: 'pause' })
  await world.updateImage('app:2')
  await world.until(() => world.updateState() === 'completed')

  neverMoreInMotionThan(world, 'app:2', 1)
  for (const id of ['b', 'c']) await world.setNode(id, { Availability: 'active' })
  await world.run(10_000)
  expect(images(world)).toEqual(['a app:2', 'b app:2', 'c app:2'])
})
