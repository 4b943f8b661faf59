import { describe, expect, test } from 'vitest'
import {
  SECOND,
  idsOf,
  neverFewerRunningThan,
  neverMoreInMotionThan,
  replicas,
  running,
} from '../testing/stories.js'
import { World } from '../testing/world.js'

describe('a rollout', () => {
  test('changes one slot after the other when nothing else is asked for, and says when it is done', async () => {
    const world = await running(4)
    neverMoreInMotionThan(world, 'app:2', 1)
    neverFewerRunningThan(world, 3)
    await world.updateImage('app:2')
    await world.run(500)
    expect(world.service().UpdateStatus).toMatchObject({ State: 'updating', Message: 'update in progress' })
    await world.until(() => world.running('app:2').length === 4)
    expect(world.updateState()).toBe('updating')
    await world.run(6_000)
    expect(world.service().UpdateStatus).toMatchObject({ State: 'completed', Message: 'update completed' })
    expect(world.service().UpdateStatus?.CompletedAt).toBeDefined()
    expect(world.service().Shoal.Rollout).toBeUndefined()
    expect(
      world
        .running()
        .map((task) => task.Slot)
        .toSorted((one, other) => (one ?? 0) - (other ?? 0)),
    ).toEqual([1, 2, 3, 4])
  })

  test('goes in batches and rests between them for as long as the delay says', async () => {
    const world = await running(6, { Parallelism: 2, Delay: 10 * SECOND })
    neverMoreInMotionThan(world, 'app:2', 2)
    const starts: number[] = []
    const seen = new Set<string>()
    world.rules.push(() => {
      for (const task of world.tasks()) {
        if (world.imageOf(task) !== 'app:2' || seen.has(task.ID)) continue
        seen.add(task.ID)
        starts.push(world.clock.now())
      }
    })
    await world.updateImage('app:2')
    await world.until(() => world.updateState() === 'completed')
    expect(starts).toHaveLength(6)
    expect(new Set(starts).size).toBe(3)
    const [first = 0, , second = 0, , third = 0] = starts
    expect(second - first).toBeGreaterThanOrEqual(10_000)
    expect(third - second).toBeGreaterThanOrEqual(10_000)
    expect(third - second).toBeLessThan(14_000)
  })

  test('with start-first never has fewer running than replicas', async () => {
    const world = await running(3, { Parallelism: 1, Order: 'start-first' })
    neverFewerRunningThan(world, 3)
    await world.updateImage('app:2')
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:2')).toHaveLength(3)
  })

  test('with parallelism 0 changes all slots at once', async () => {
    const world = await running(5, { Parallelism: 0 })
    await world.updateImage('app:2')
    await world.run(300)
    expect(world.tasks().filter((task) => world.imageOf(task) === 'app:2')).toHaveLength(5)
    await world.until(() => world.updateState() === 'completed')
  })

  test('takes the slots first that do not run anyway', async () => {
    const world = await World.create()
    await world.deploy(
      'app:1',
      { ...replicas(3) },
      { Placement: { Constraints: ['node.id==a'], MaxReplicas: 0 } },
    )
    await world.until(() => world.running().length === 3)
    await world.end(
      world.running().filter((task) => task.Slot === 3),
      'failed',
    )
    await world.run(200)
    await world.updateImage('app:2')
    await world.run(300)
    const changed = world.tasks().filter((task) => world.imageOf(task) === 'app:2')
    expect(changed.map((task) => task.Slot)).toEqual([3])
  })

  test('is continued by another manager where it stood', async () => {
    const world = await running(6, { Parallelism: 2, Delay: 5 * SECOND })
    neverMoreInMotionThan(world, 'app:2', 2)
    await world.updateImage('app:2')
    for (let takeover = 0; takeover < 12; takeover++) {
      await world.run(700)
      world.takeOver()
    }
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:2')).toHaveLength(6)
    const made = world.tasks().filter((task) => world.imageOf(task) === 'app:2')
    expect(made).toHaveLength(6)
  })

  test('goes on while the service is scaled, and new slots get the new version', async () => {
    const world = await running(4)
    await world.updateImage('app:2')
    await world.run(2_500)
    await world.scale(7)
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:2')).toHaveLength(7)
    await world.scale(2)
    await world.until(
      () => world.running().length === 2 && world.tasks().every((task) => task.DesiredState !== 'remove'),
    )
    expect(new Set(world.tasks().map((task) => task.Slot)).size).toBe(2)
  })

  test.each([400, 900, 1_300])(
    'counts the slot that is in motion although somebody changes the service after %i ms',
    async (ms) => {
      const world = await running(4)
      neverMoreInMotionThan(world, 'app:2', 1)
      neverFewerRunningThan(world, 3)
      await world.updateImage('app:2')
      await world.run(ms)
      await world.update((spec) => ({ ...spec, Labels: { changed: 'yes' } }))
      await world.until(() => world.updateState() === 'completed')
      expect(world.running('app:2')).toHaveLength(4)
    },
  )

  test('gives way to a newer update at once', async () => {
    const world = await running(3, { Parallelism: 3 })
    neverFewerRunningThan(world, 0)
    await world.updateImage('missing')
    await world.run(250)
    await world.updateImage('app:3')
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:3')).toHaveLength(3)
  })

  test('is not begun when only the placement changes and every node still fits', async () => {
    const world = await running(3)
    const before = idsOf(world.running())
    await world.update((spec) => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, Placement: { Constraints: ['node.role==worker'] } },
    }))
    await world.run(10_000)
    expect(world.updateState()).toBeUndefined()
    expect(idsOf(world.running())).toEqual(before)
  })

  test('moves only the tasks whose node the new placement forbids', async () => {
    const world = await running(3)
    const kept = world
      .running()
      .filter((task) => task.NodeID !== 'a')
      .map((task) => task.ID)
    await world.update((spec) => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, Placement: { Constraints: ['node.id!=a'] } },
    }))
    await world.until(() => world.updateState() === 'completed')
    expect(world.running().map((task) => task.ID)).toEqual(expect.arrayContaining(kept))
    expect(world.running().every((task) => task.NodeID !== 'a')).toBe(true)
  })
})
