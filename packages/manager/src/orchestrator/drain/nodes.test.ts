import { describe, expect, test } from 'vitest'
import { neverFewerRunningThan, replicas, running } from '../testing/stories.js'
import { World } from '../testing/world.js'

describe('nodes', () => {
  test('that go down have their tasks replaced at once', async () => {
    const world = await running(6)
    await world.setNode('a', { State: 'down' })
    await world.run(1_500)
    expect(world.running().filter((task) => task.NodeID !== 'a')).toHaveLength(6)
    await world.setNode('a', { State: 'ready' })
    await world.run(2_000)
    expect(world.running()).toHaveLength(6)
    expect(
      world.tasks().filter((task) => task.NodeID === 'a' && task.Status.State === 'running'),
    ).toHaveLength(0)
  })

  test('that are drained hand their tasks over, without a gap where the order says so', async () => {
    const world = await running(6, { Order: 'start-first', Parallelism: 1 })
    neverFewerRunningThan(world, 6)
    await world.setNode('a', { Availability: 'drain' })
    await world.until(
      () => world.running().length === 6 && world.running().every((task) => task.NodeID !== 'a'),
    )
    expect(world.updateState()).toBeUndefined()
  })

  test('that are drained are emptied even if no other node can take over, unless start-first keeps the tasks', async () => {
    for (const [Order, left] of [
      ['stop-first', 0],
      ['start-first', 2],
    ] as const) {
      const world = await World.create(['a'])
      await world.deploy('app:1', { ...replicas(2), UpdateConfig: { Order } })
      await world.until(() => world.running().length === 2)
      await world.setNode('a', { Availability: 'drain' })
      await world.run(5_000)
      expect(world.running()).toHaveLength(left)
      await world.setNode('a', { Availability: 'active' })
      await world.run(5_000)
      expect(world.running()).toHaveLength(2)
      expect(world.tasks().filter((task) => task.Status.State === 'pending')).toHaveLength(0)
    }
  })

  test('that lose a label lose the tasks that asked for it', async () => {
    const world = await World.create()
    await world.setNode('a', { Labels: { disk: 'ssd' } })
    await world.setNode('b', { Labels: { disk: 'ssd' } })
    await world.deploy('app:1', replicas(2), { Placement: { Constraints: ['node.labels.disk==ssd'] } })
    await world.until(() => world.running().length === 2)
    await world.setNode('a', { Labels: {} })
    await world.run(5_000)
    expect(world.running().map((task) => task.NodeID)).toEqual(['b', 'b'])
  })

  test('have one task each of a global service as they come, pause, drain and go', async () => {
    const world = await World.create(['a', 'b'])
    const nodes = (): string[] =>
      world
        .running()
        .map((task) => task.NodeID ?? '')
        .toSorted()
    await world.deploy('app:1', { Mode: { Global: {} } })
    await world.until(() => world.running().length === 2)
    await world.addNode('c')
    await world.until(() => nodes().join() === 'a,b,c')
    await world.setNode('a', { Availability: 'drain' })
    await world.setNode('b', { Availability: 'pause' })
    await world.until(() => nodes().join() === 'b,c')
    await world.updateImage('app:2')
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:2').map((task) => task.NodeID)).toEqual(['c'])
    await world.setNode('b', { State: 'down' })
    await world.setNode('a', { Availability: 'active' })
    await world.until(() => nodes().join() === 'a,c')
    expect(world.running('app:2')).toHaveLength(2)
  })
})
