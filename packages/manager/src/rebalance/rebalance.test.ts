import { isTerminal } from '@shoal/common'
import type { ServiceSpec, TaskSpec } from '@shoal/engine-api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { demand, neverFewerRunningThan, replicas, SECOND } from '../orchestrator/testing/stories.js'
import { World } from '../orchestrator/testing/world.js'
import { put } from '../state/index.js'
import { aNode } from '../state/testing/index.js'

/** So many replicas on `a` alone, and other nodes that came later. */
async function lopsided(
  count: number,
  later: readonly string[],
  spec: Partial<ServiceSpec> = {},
  template: TaskSpec = {},
): Promise<World> {
  const world = await World.create(['a'], 'real')
  await world.deploy('app:1', { ...replicas(count), ...spec }, template)
  await world.until(() => world.running().length === count)
  for (const id of later) await world.addNode(id)
  return world
}

function counts(world: World): Record<string, number> {
  const byNode: Record<string, number> = {}
  for (const { NodeID = '' } of world.running()) byNode[NodeID] = (byNode[NodeID] ?? 0) + 1
  return byNode
}

const isMoving = (world: World): boolean => world.service().Shoal.Rebalance !== undefined
const latest = (world: World) => world.service().Shoal.Rebalanced

/** How many containers of the service are there beyond the replicas that are wanted. */
function neverMoreAtOnceThan(world: World, most: number): void {
  world.rules.push(() => {
    const there = world.tasks().filter(({ Status }) => !isTerminal(Status.State))
    demand(there.length <= most, world, `more than ${most} tasks at once`)
  })
}

describe('given six replicas on one node, and two nodes that came later', () => {
  test('when nobody asks, then nothing moves', async () => {
    const world = await lopsided(6, ['b', 'c'])
    await world.run(60_000)
    expect(counts(world)).toEqual({ a: 6 })
  })

  test('when it is asked for, then they are spread, one at a time and never fewer, and it is over', async () => {
    const world = await lopsided(6, ['b', 'c'])
    neverFewerRunningThan(world, 6)
    neverMoreAtOnceThan(world, 7)
    await world.rebalance()
    await world.until(() => !isMoving(world))
    expect(counts(world)).toEqual({ a: 2, b: 2, c: 2 })
    expect(latest(world)).toMatchObject({ Moved: 4 })
    expect(latest(world)?.Failure).toBeUndefined()
    expect(world.updateState()).toBeUndefined()
  })

  test('when all is even, then asking for it moves nothing', async () => {
    const world = await lopsided(2, [])
    await world.rebalance()
    await world.until(() => !isMoving(world))
    expect(latest(world)).toMatchObject({ Moved: 0 })
  })

  test('when the update config allows more at a time, then so many move, and its delay lies between', async () => {
    const UpdateConfig = { Parallelism: 2, Delay: 20 * SECOND }
    const world = await lopsided(6, ['b', 'c'], { UpdateConfig })
    neverFewerRunningThan(world, 6)
    neverMoreAtOnceThan(world, 8)
    await world.rebalance()
    await world.until(() => world.running().filter(({ NodeID }) => NodeID !== 'a').length === 2)
    await world.run(15_000)
    expect(counts(world)).toEqual({ a: 4, b: 1, c: 1 })
    await world.until(() => !isMoving(world))
    expect(counts(world)).toEqual({ a: 2, b: 2, c: 2 })
  })

  test('when another manager takes over in the middle, then it goes on', async () => {
    const world = await lopsided(6, ['b', 'c'])
    neverFewerRunningThan(world, 6)
    await world.rebalance()
    await world.until(() => (counts(world)['b'] ?? 0) > 0)
    world.takeOver()
    await world.until(() => !isMoving(world))
    expect(counts(world)).toEqual({ a: 2, b: 2, c: 2 })
    expect(latest(world)).toMatchObject({ Moved: 4 })
  })

  test('when an update comes in between, then it ends, and the update completes', async () => {
    const world = await lopsided(6, ['b', 'c'])
    await world.rebalance()
    await world.until(() => world.tasks().length > 6)
    await world.update((spec) => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { Image: 'app:2' } },
    }))
    await world.until(() => world.updateState() === 'completed')
    expect(isMoving(world)).toBe(false)
    expect(world.running('app:2')).toHaveLength(6)
    expect(world.running()).toHaveLength(6)
  })

  test('when the goal goes down before the task runs there, then the task stays, and the end says why', async () => {
    const world = await lopsided(4, ['b'])
    neverFewerRunningThan(world, 4)
    await world.setNode('b', { Availability: 'pause' })
    const move = { StartedAtMs: 0, Moved: 0, Moves: [{ Task: world.running()[0]?.ID ?? '', Node: 'b' }] }
    const service = world.service()
    const Shoal = { ...service.Shoal, Rebalance: move }
    await world.state.commit([put('service', { ...service, Shoal })])
    await world.until(() => !isMoving(world))
    expect(latest(world)?.Failure).toMatch(
      /^task \w+: no suitable node \(1 node not available for new tasks\)$/,
    )
    await world.run(5_000)
    expect(counts(world)).toEqual({ a: 4 })
    expect(world.tasks()).toHaveLength(4)
  })

  test('when a task does not come up on its new node, then the old one stays, and the rest too', async () => {
    const world = await lopsided(4, ['b'])
    neverFewerRunningThan(world, 4)
    await world.rebalance()
    await world.until(() => world.tasks().some(({ NodeID }) => NodeID === 'b'))
    await world.end(
      world.tasks().filter(({ NodeID }) => NodeID === 'b'),
      'rejected',
      'no space left on device',
    )
    await world.until(() => !isMoving(world))
    await world.run(20_000)
    expect(latest(world)).toMatchObject({
      Moved: 0,
      Failure: expect.stringContaining('no space left on device'),
    })
    expect(counts(world)).toEqual({ a: 4 })
  })
})

describe('given a service that rebalances by itself', () => {
  const Labels = { 'shoal.rebalance': 'auto' }

  test('when a node has been there for a while, then its share moves there, and then nothing more', async () => {
    const world = await lopsided(6, [], { Labels })
    neverFewerRunningThan(world, 6)
    await world.addNode('b')
    await world.run(8_000)
    expect(counts(world)).toEqual({ a: 6 })
    await world.until(() => counts(world)['b'] === 3 && !isMoving(world))
    const ids = world.running().map(({ ID }) => ID)
    await world.run(120_000)
    expect(world.running().map(({ ID }) => ID)).toEqual(ids)
  })

  test('when a drained node is active again, then tasks come back to it', async () => {
    const world = await World.create(['a', 'b'], 'real')
    await world.deploy('app:1', { ...replicas(4), Labels })
    await world.until(() => world.running().length === 4)
    await world.setNode('b', { Availability: 'drain' })
    await world.until(() => counts(world)['a'] === 4)
    await world.setNode('b', { Availability: 'active' })
    await world.until(() => !isMoving(world) && counts(world)['b'] !== undefined)
    expect(counts(world)).toEqual({ a: 2, b: 2 })
  })

  test('when tasks do not come up on the new node, then it is left alone for ten minutes', async () => {
    const world = await lopsided(4, ['b'], { Labels })
    const onB = () =>
      world.tasks().filter(({ NodeID, Status }) => NodeID === 'b' && !isTerminal(Status.State))
    await world.until(() => onB().length > 0)
    await world.end(onB(), 'rejected', 'no space left on device')
    await world.run(9 * 60_000)
    expect(counts(world)).toEqual({ a: 4 })
    await world.until(() => counts(world)['b'] === 2)
  })
})

describe('what is worth moving', () => {
  test('nothing of a service that is packed', async () => {
    const world = await lopsided(4, ['b'], { Labels: { 'shoal.strategy': 'binpack' } })
    await world.rebalance()
    await world.until(() => !isMoving(world))
    expect(counts(world)).toEqual({ a: 4 })
  })

  test('nothing to nodes that do not fit', async () => {
    const Placement = { Constraints: ['node.labels.disk!=hdd'] }
    const world = await lopsided(4, ['b', 'c'], {}, { Placement })
    await world.setNode('b', { Labels: { disk: 'hdd' } })
    await world.rebalance()
    await world.until(() => !isMoving(world))
    expect(counts(world)).toEqual({ a: 2, c: 2 })
  })

  test('between the values of a preference first', async () => {
    const Placement = { Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.zone' } }] }
    const world = await lopsided(6, ['b', 'c'], {}, { Placement })
    for (const [id, zone] of [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'y'],
    ] as const)
      await world.setNode(id, { Labels: { zone } })
    await world.rebalance()
    await world.until(() => !isMoving(world))
    expect(counts(world)['c']).toBe(3)
    expect([1, 2]).toContain(counts(world)['a'])
  })

  test('until no two nodes that fit differ by more than one, without ever going on forever', async () => {
    const shape = fc.record({
      start: fc.integer({ min: 1, max: 3 }),
      later: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: 1, max: 12 }),
      parallelism: fc.nat(3),
      limit: fc.constantFrom(0, 5),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ start, later, count, parallelism, limit }) => {
        const names = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, start + later)
        const wanted = limit === 0 ? count : Math.min(count, start * limit)
        const world = await World.create(names.slice(0, start), 'real')
        const UpdateConfig = { Parallelism: parallelism }
        await world.deploy(
          'app:1',
          { ...replicas(wanted), UpdateConfig },
          { Placement: { MaxReplicas: limit } },
        )
        await world.until(() => world.running().length === wanted)
        await world.state.commit(names.slice(start).map((id) => put('node', aNode(id))))
        neverFewerRunningThan(world, wanted)
        await world.rebalance()
        await world.until(() => !isMoving(world))
        expect(latest(world)?.Failure).toBeUndefined()
        const all = names.map((name) => counts(world)[name] ?? 0)
        expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 15 },
    )
  })
})
