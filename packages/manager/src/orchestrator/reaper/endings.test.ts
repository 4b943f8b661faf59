import { describe, expect, test } from 'vitest'
import { replicas, running } from '../testing/stories.js'
import { World } from '../testing/world.js'

describe('tasks that end', () => {
  test('are followed after the delay, and the delay grows for those that never live long', async () => {
    const world = await running(1)
    await world.updateImage('app:1b')
    await world.until(() => world.updateState() === 'completed')
    await world.run(20_000)
    await world.end(world.running(), 'failed')
    await world.run(4_500)
    expect(world.running()).toHaveLength(0)
    await world.run(1_500)
    expect(world.running()).toHaveLength(1)
  })

  test('rest when the restart policy says so, until an update', async () => {
    const world = await World.create()
    await world.deploy('app:1', replicas(2), {
      RestartPolicy: { Condition: 'on-failure', MaxAttempts: 1, Delay: 0 },
    })
    await world.until(() => world.running().length === 2)
    await world.end(
      world.running().filter((task) => task.Slot === 1),
      'complete',
    )
    await world.run(70_000)
    expect(world.running().map((task) => task.Slot)).toEqual([2])
    await world.end(world.running(), 'failed')
    await world.until(() => world.running().length === 1)
    await world.end(world.running(), 'failed')
    await world.run(70_000)
    expect(world.running()).toHaveLength(0)
    world.takeOver()
    await world.run(1_000)
    expect(world.running()).toHaveLength(0)
    await world.updateImage('app:2')
    await world.until(() => world.running('app:2').length === 2)
  })

  test('leave a history of bounded length, and a removed service leaves nothing', async () => {
    const world = await World.create()
    await world.deploy('crashing', replicas(2), { RestartPolicy: { Delay: 0 } })
    await world.run(400_000)
    expect(world.tasks().filter((task) => task.Slot === 1).length).toBeLessThanOrEqual(6)
    await world.removeService()
    await world.run(3_000)
    expect(world.tasks()).toEqual([])
    expect([...world.state.specsOfService('web')]).toEqual([])
  })
})
