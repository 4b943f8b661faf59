import { isDesiredAlive, isTerminal } from '@shoal/common'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TaskRecord } from '../state/records.js'
import { demand } from './testing/stories.js'
import { World } from './testing/world.js'

type Fault =
  | { type: 'image'; image: string }
  | { type: 'scale'; replicas: number }
  | { type: 'node'; node: string; availability: 'active' | 'pause' | 'drain' }
  | { type: 'power'; node: string; state: 'ready' | 'down' }
  | { type: 'end'; pick: number; how: 'failed' | 'complete' | 'rejected' }
  | { type: 'takeover' }
  | { type: 'rollback' }
  | { type: 'pass'; ms: number }

const node = fc.constantFrom('a', 'b', 'c')
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    type: fc.constant('image'),
    image: fc.constantFrom('app:2', 'app:3', 'missing', 'broken', 'crashing'),
  }),
  fc.record({ type: fc.constant('scale'), replicas: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ type: fc.constant('node'), node, availability: fc.constantFrom('active', 'pause', 'drain') }),
  fc.record({ type: fc.constant('power'), node, state: fc.constantFrom('ready', 'down') }),
  fc.record({
    type: fc.constant('end'),
    pick: fc.nat(),
    how: fc.constantFrom('failed', 'complete', 'rejected'),
  }),
  fc.record({ type: fc.constant('takeover') }),
  fc.record({ type: fc.constant('rollback') }),
  fc.record({ type: fc.constant('pass'), ms: fc.integer({ min: 100, max: 4_000 }) }),
)

async function inflict(world: World, fault: Fault): Promise<void> {
  switch (fault.type) {
    case 'image':
      return world.updateImage(fault.image)
    case 'scale':
      return world.scaleIfReplicated(fault.replicas)
    case 'node':
      return world.setNode(fault.node, { Availability: fault.availability })
    case 'power':
      return world.setNode(fault.node, { State: fault.state })
    case 'end': {
      const live = world.tasks().filter((task) => task.NodeID && !isTerminal(task.Status.State))
      const task = live[fault.pick % Math.max(1, live.length)]
      return task ? world.end([task], fault.how, fault.how) : undefined
    }
    case 'takeover':
      return world.takeOver()
    case 'rollback':
      return world.service().PreviousSpec ? world.rollBack() : undefined
    case 'pass':
      return world.run(fault.ms)
  }
}

/** In no place are more tasks wanted running than the order of a switch allows. */
function neverTooMany(world: World, order: string): void {
  const places = new Map<string, TaskRecord[]>()
  for (const task of world.tasks()) {
    if (isTerminal(task.Status.State) || !isDesiredAlive(task.DesiredState)) continue
    const place = String(task.Slot ?? task.NodeID)
    places.set(place, [...(places.get(place) ?? []), task])
  }
  for (const tasks of places.values()) {
    const wanted = tasks.filter((task) => task.DesiredState === 'running')
    demand(tasks.length <= 2, world, 'three tasks in one slot')
    demand(wanted.length <= (order === 'start-first' ? 2 : 1), world, 'too many tasks wanted in one slot')
  }
}

/** Stop-first means what it says. Only a slot that was given up and filled again may have another task still ending. */
function neverTwoAtWork(world: World): void {
  const busy = new Set<string>()
  for (const task of world.tasks()) {
    const isAtWork = task.Status.State === 'starting' || task.Status.State === 'running'
    if (!isAtWork || task.DesiredState === 'remove') continue
    const place = String(task.Slot ?? task.NodeID)
    demand(!busy.has(place), world, `two tasks at work in ${place}`)
    busy.add(place)
  }
}

async function converges(world: World): Promise<void> {
  for (const id of ['a', 'b', 'c']) {
    await world.setNode(id, { State: 'ready' })
    await world.setNode(id, { Availability: 'active' })
  }
  await world.updateImage('app:9')
  const isGlobal = world.service().Spec.Mode?.Global !== undefined
  const count = isGlobal ? 3 : world.service().Spec.Mode?.Replicated?.Replicas
  await world.until(() => {
    const live = world.tasks().filter((task) => !isTerminal(task.Status.State))
    return live.length === count && world.running('app:9').length === count
  }, 400_000)
  await world.until(() => world.updateState() === 'completed' || world.updateState() === undefined)
}

test.each([
  { order: 'stop-first', mode: 'replicated' },
  { order: 'start-first', mode: 'replicated' },
  { order: 'stop-first', mode: 'global' },
  { order: 'start-first', mode: 'global' },
])(
  'whatever happens, no slot has too many tasks, and all is well again afterwards ($mode, $order)',
  async ({ order, mode }) => {
    const Mode = mode === 'global' ? { Global: {} } : { Replicated: { Replicas: 3 } }
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFault, { minLength: 5, maxLength: 25 }),
        fc.constantFrom('pause', 'continue', 'rollback'),
        fc.nat(3),
        async (faults, FailureAction, Parallelism) => {
          const world = await World.create()
          const UpdateConfig = { Order: order, FailureAction, Parallelism, MaxFailureRatio: 0.4 }
          await world.deploy('app:1', { Mode, UpdateConfig, RollbackConfig: UpdateConfig })
          world.rules.push(() => neverTooMany(world, order))
          // A node that comes back brings tasks that were replaced meanwhile.
          const isPowered = faults.every((fault) => fault.type !== 'power')
          if (isPowered && order === 'stop-first') world.rules.push(() => neverTwoAtWork(world))
          for (const each of faults) {
            await inflict(world, each)
            await world.run(200)
          }
          await converges(world)
          expect(world.running('app:9').length).toBe(world.running().length)
        },
      ),
      { numRuns: Number(process.env['FAULT_RUNS'] ?? 25) },
    )
  },
  600_000,
)
