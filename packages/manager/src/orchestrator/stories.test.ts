import { isBefore, isTerminal } from '@shoal/common'
import type { UpdateConfig } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { World } from './testing/world.js'

const SECOND = 1_000_000_000
const replicas = (count: number) => ({ Mode: { Replicated: { Replicas: count } } })

async function running(
  count: number,
  UpdateConfig?: UpdateConfig,
  RollbackConfig?: UpdateConfig,
): Promise<World> {
  const world = await World.create()
  await world.deploy('app:1', {
    ...replicas(count),
    ...(UpdateConfig && { UpdateConfig }),
    ...(RollbackConfig && { RollbackConfig }),
  })
  await world.until(() => world.running('app:1').length === count)
  return world
}

/** How many slots have a task of the image that does not run yet, or one that is being stopped. */
function inMotion(world: World, image: string): number {
  const moving = new Set<number | undefined>()
  for (const task of world.tasks()) {
    const isNew = world.imageOf(task) === image && isBefore(task.Status.State, 'running')
    const isLeaving = task.DesiredState === 'shutdown' && !isTerminal(task.Status.State)
    if (isNew || isLeaving) moving.add(task.Slot)
  }
  return moving.size
}

function neverMoreInMotionThan(world: World, image: string, most: number): void {
  world.rules.push(() => expect(inMotion(world, image), world.describe()).toBeLessThanOrEqual(most))
}

function neverFewerRunningThan(world: World, fewest: number): void {
  world.rules.push(() => expect(world.running().length, world.describe()).toBeGreaterThanOrEqual(fewest))
}

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
        .sort(),
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
    const before = world
      .running()
      .map((task) => task.ID)
      .sort()
    await world.update((spec) => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, Placement: { Constraints: ['node.role==worker'] } },
    }))
    await world.run(10_000)
    expect(world.updateState()).toBeUndefined()
    expect(
      world
        .running()
        .map((task) => task.ID)
        .sort(),
    ).toEqual(before)
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
    const before = world
      .running()
      .map((task) => task.ID)
      .sort()
    await world.updateImage('missing')
    await world.until(() => world.updateState() === 'rollback_completed')
    await world.run(5_000)
    expect(
      world
        .running()
        .map((task) => task.ID)
        .sort(),
    ).toEqual(before)
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
    await world.until(() => world.running('app:2').length === 4)
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
    await world.until(
      () => world.running().length === 2 && world.running().every((task) => task.NodeID === 'b'),
    )
  })

  test('have one task each of a global service as they come, pause, drain and go', async () => {
    const world = await World.create(['a', 'b'])
    const nodes = (): (string | undefined)[] =>
      world
        .running()
        .map((task) => task.NodeID)
        .sort()
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
