import { isTerminal } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import type { TaskRecord } from '../../state/records.js'
import { demand, SECOND } from '../testing/stories.js'
import { World } from '../testing/world.js'

const job = (MaxConcurrent: number, TotalCompletions: number) => ({
  Mode: { ReplicatedJob: { MaxConcurrent, TotalCompletions } },
})

const inState = (world: World, state: string): TaskRecord[] =>
  world.tasks().filter((task) => task.Status.State === state)
const atWork = (world: World): TaskRecord[] =>
  world.tasks().filter((task) => !isTerminal(task.Status.State) && task.DesiredState === 'running')
const nodes = (tasks: readonly TaskRecord[]): string[] =>
  tasks.map((task) => task.NodeID ?? '').toSorted((a, b) => a.localeCompare(b))
const slots = (tasks: readonly TaskRecord[]): number[] =>
  tasks.map((task) => task.Slot ?? -1).toSorted((a, b) => a - b)

describe('a replicated job', () => {
  test('completes so many times, with no more at a time than it may, and then rests', async () => {
    const world = await World.create()
    world.rules.push(() => demand(atWork(world).length <= 2, world, 'more than two at a time'))
    await world.deploy('job:1', job(2, 5))
    await world.until(() => inState(world, 'complete').length === 5)
    expect(slots(inState(world, 'complete'))).toEqual([0, 1, 2, 3, 4])
    await world.run(60_000)
    expect(world.tasks()).toHaveLength(5)
  })

  test('goes on where it stood when another manager takes over', async () => {
    const world = await World.create()
    await world.deploy('job:1', job(1, 3))
    await world.until(() => inState(world, 'complete').length === 1)
    world.takeOver()
    await world.until(() => inState(world, 'complete').length === 3)
    expect(slots(world.tasks())).toEqual([0, 1, 2])
  })

  test('whose tasks fail tries again for as long as the policy allows, and then gives those up', async () => {
    const world = await World.create()
    const RestartPolicy = { Condition: 'on-failure', Delay: SECOND, MaxAttempts: 2 }
    await world.deploy('broken:1', job(1, 1), { RestartPolicy })
    await world.run(120_000)
    expect(inState(world, 'failed')).toHaveLength(3)
    expect(atWork(world)).toEqual([])
  })

  test('loses a node: the task that ran there runs elsewhere', async () => {
    const world = await World.create()
    await world.deploy('job:1', job(3, 3))
    await world.until(() => world.running().length === 3)
    const lost = world.running().find((task) => task.NodeID === 'a')
    await world.setNode('a', { State: 'down' })
    await world.until(() => inState(world, 'complete').length === 3)
    expect(inState(world, 'complete').map(({ ID }) => ID)).not.toContain(lost?.ID)
    expect(slots(inState(world, 'complete'))).toEqual([0, 1, 2])
  })

  test('leaves a drained node', async () => {
    const world = await World.create()
    await world.deploy('job:1', job(3, 3))
    await world.until(() => world.running().length === 3)
    await world.setNode('a', { Availability: 'drain' })
    await world.until(() => inState(world, 'complete').length === 3)
    expect(inState(world, 'complete').map(({ NodeID }) => NodeID)).not.toContain('a')
  })

  test('runs anew when it is updated; what was still at work is stopped', async () => {
    const world = await World.create()
    await world.deploy('job:1', job(2, 4))
    await world.until(() => inState(world, 'complete').length >= 1)
    const before = new Set(world.tasks().map(({ ID }) => ID))
    await world.updateImage('job:2')
    const completed = (): TaskRecord[] => inState(world, 'complete').filter(({ ID }) => !before.has(ID))
    await world.until(() => completed().length === 4)
    expect(completed().map((task) => world.imageOf(task))).toEqual(['job:2', 'job:2', 'job:2', 'job:2'])
    expect(world.tasks().filter(({ ID, Status }) => before.has(ID) && !isTerminal(Status.State))).toEqual([])
  })
})

describe('a global job', () => {
  test('completes once on every node that was there; one that comes later is left out', async () => {
    const world = await World.create()
    await world.deploy('job:1', { Mode: { GlobalJob: {} } })
    await world.until(() => inState(world, 'complete').length === 3)
    await world.addNode('d')
    await world.run(30_000)
    expect(nodes(world.tasks())).toEqual(['a', 'b', 'c'])
  })

  test('does not wait for a node that goes down', async () => {
    const world = await World.create()
    await world.deploy('job:1', { Mode: { GlobalJob: {} } })
    await world.until(() => world.running().length === 3)
    await world.setNode('b', { State: 'down' })
    await world.run(30_000)
    expect(nodes(inState(world, 'complete'))).toEqual(['a', 'c'])
    expect(atWork(world)).toEqual([])
  })
})
