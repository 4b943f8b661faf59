import { describe, expect, test } from 'vitest'
import { SECOND, idsOf, neverFewerRunningThan, running } from '../testing/stories.js'

describe('an update that fails', () => {
  test('to an image that does not exist pauses, costs no task that runs, and says why', async () => {
    const world = await running(3)
    neverFewerRunningThan(world, 3)
    await world.updateImage('missing')
    await world.until(() => world.updateState() === 'paused')
    expect(world.service().UpdateStatus?.Message).toMatch(
      /^update paused due to failure or early termination of task [a-z0-9]{25}: No such image: missing$/,
    )
    await world.run(60_000)
    expect(world.running('app:1')).toHaveLength(3)
    // Only the one slot tries on, with growing pauses, and its history is bounded.
    expect(
      new Set(
        world
          .tasks()
          .filter((task) => world.imageOf(task) === 'missing')
          .map((task) => task.Slot),
      ).size,
    ).toBe(1)
    expect(world.tasks().length).toBeLessThanOrEqual(3 + 6)
  })

  test('restarts tasks of a paused rollout at the version that they had', async () => {
    const world = await running(3)
    await world.updateImage('missing')
    await world.until(() => world.updateState() === 'paused')
    await world.end(world.running('app:1').slice(-1), 'failed', 'killed')
    await world.run(10_000)
    expect(world.running('app:1')).toHaveLength(3)
    expect(world.updateState()).toBe('paused')
  })

  test('rolls back where that is asked for, and the reason stays readable', async () => {
    const world = await running(3, { Parallelism: 1, FailureAction: 'rollback' })
    await world.updateImage('crashing')
    await world.until(() => world.updateState() === 'rollback_completed')
    expect(world.service().UpdateStatus?.Message).toMatch(
      /^rollback completed: update rolled back due to failure or early termination of task .*: task: non-zero exit \(1\)$/,
    )
    expect(world.service().Spec.TaskTemplate?.ContainerSpec?.Image).toBe('app:1')
    expect(world.service().PreviousSpec?.TaskTemplate?.ContainerSpec?.Image).toBe('crashing')
    expect(world.running('app:1')).toHaveLength(3)
  })

  test('rolls a bad image back without ever having stopped anything', async () => {
    const world = await running(3, { Parallelism: 2, FailureAction: 'rollback' })
    neverFewerRunningThan(world, 3)
    const before = idsOf(world.running())
    await world.updateImage('missing')
    await world.until(() => world.updateState() === 'rollback_completed')
    await world.run(5_000)
    expect(idsOf(world.running())).toEqual(before)
  })

  test('goes on through all slots with continue', async () => {
    const world = await running(3, { Parallelism: 1, FailureAction: 'continue' })
    await world.updateImage('broken')
    await world.until(() => world.updateState() === 'completed')
    expect(world.running('app:1')).toHaveLength(0)
  })

  test('tolerates failures up to the ratio', async () => {
    const world = await running(4, { Parallelism: 1, MaxFailureRatio: 0.3 })
    await world.updateImage('app:2')
    await world.until(() => world.running('app:2').length === 1)
    await world.end(world.running('app:2'), 'failed', 'once')
    await world.until(() => world.updateState() === 'completed')
    await world.run(10_000)
    expect(world.running('app:2')).toHaveLength(4)
  })

  test('pauses when a task ends within its monitor period after the last batch', async () => {
    const world = await running(2, { Parallelism: 2, Monitor: 20 * SECOND })
    await world.updateImage('app:2')
    await world.until(() => world.running('app:2').length === 2)
    await world.run(15_000)
    expect(world.updateState()).toBe('updating')
    await world.end(world.running('app:2').slice(1), 'failed')
    await world.until(() => world.updateState() === 'paused')
  })

  test('can be rolled back by hand', async () => {
    const world = await running(2)
    await world.updateImage('app:2')
    await world.until(() => world.updateState() === 'completed')
    await world.rollBack()
    await world.until(() => world.updateState() === 'rollback_completed')
    expect(world.service().UpdateStatus?.Message).toBe('rollback completed')
    expect(world.running('app:1')).toHaveLength(2)
  })
})
