import { isTerminal } from '@shoal/common'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { demand, neverFewerRunningThan, replicas } from '../testing/stories.js'
import { World } from '../testing/world.js'

const NODES = ['a', 'b', 'c', 'd']

/** As many replicas as the nodes may have, all of them running. */
async function full(nodes: number, limit: number, parallelism: number): Promise<World> {
  const world = await World.create(NODES.slice(0, nodes), 'real')
  const spec = {
    ...replicas(nodes * limit),
    UpdateConfig: { Order: 'start-first', Parallelism: parallelism, MaxFailureRatio: 1 },
  }
  await world.deploy('app:1', spec, { Placement: { MaxReplicas: limit } })
  await world.until(() => world.running('app:1').length === nodes * limit)
  return world
}

/** Holds at every moment: a node has no more places of the service than it may, whatever is in each of them. */
function neverMorePlacesThan(world: World, limit: number): void {
  world.rules.push(() => {
    const places = new Map<string, Set<number | undefined>>()
    for (const { NodeID = '', Slot, Status } of world.tasks()) {
      if (NodeID === '' || isTerminal(Status.State)) continue
      places.set(NodeID, (places.get(NodeID) ?? new Set()).add(Slot))
    }
    for (const here of places.values()) demand(here.size <= limit, world, `more than ${limit} places`)
  })
}

describe('given as many replicas as the limit per node allows, when they are updated start-first', () => {
  test('then the update completes, never below capacity, and never with more places on a node', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(4),
        async (nodes, limit, parallelism) => {
          const world = await full(nodes, limit, parallelism)
          neverFewerRunningThan(world, nodes * limit)
          neverMorePlacesThan(world, limit)
          for (const image of ['app:2', 'app:3']) {
            await world.updateImage(image)
            await world.until(() => world.updateState() === 'completed')
            expect(world.running(image)).toHaveLength(nodes * limit)
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  test('then as many are replaced on one node at a time as the parallelism says', async () => {
    const world = await full(1, 3, 3)
    await world.updateImage('app:2')
    await world.run(400)
    const beside = world.tasks().filter((task) => world.imageOf(task) === 'app:2')
    expect(beside.map(({ NodeID }) => NodeID)).toEqual(['a', 'a', 'a'])
  })

  test('then a version that does not come up leaves every node with what it had', async () => {
    const world = await full(2, 2, 2)
    neverFewerRunningThan(world, 4)
    neverMorePlacesThan(world, 2)
    await world.updateImage('broken:2')
    await world.run(20_000)
    await world.rollBack()
    await world.until(() => world.updateState() === 'rollback_completed')
    expect(world.running('app:1')).toHaveLength(4)
  })
})
