import { seededRandom } from '@shoal/common'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryState } from '../state/memory-state.js'
import { put, specId, type Mutation, type NodeRecord, type TaskRecord } from '../state/records.js'
import { aNode, aSpec, aTask } from '../state/testing/index.js'
import { decideGroup } from './decide.js'
import { NodeSet } from './node-set.js'
import { spread } from './strategy.js'

/** A small cluster: what each node has room for, and where tasks of the service run already. */
interface Cluster {
  readonly capacities: readonly number[]
  readonly zones: readonly number[]
  readonly existing: readonly number[]
  readonly pending: number
}

const cluster = (maxPending: number): fc.Arbitrary<Cluster> =>
  fc.integer({ min: 1, max: 6 }).chain((nodes) => {
    const perNode = (max: number) => fc.array(fc.nat(max), { minLength: nodes, maxLength: nodes })
    return fc.record({
      capacities: perNode(5),
      zones: perNode(2),
      existing: perNode(3),
      pending: fc.nat(maxPending),
    })
  })

function nodeOf({ capacities, zones }: Cluster, index: number): NodeRecord {
  const node = aNode(`n${index}`)
  const Resources = { NanoCPUs: (capacities[index] ?? 0) * 1e9 }
  return {
    ...node,
    Spec: { Labels: { zone: `z${zones[index]}` } },
    Description: { ...node.Description, Resources },
  }
}

const at = '2026-01-01T00:00:00.000Z'
const waiting = (id: string): TaskRecord =>
  aTask(id, { Status: { Timestamp: at, State: 'pending', Message: '' } })

/** Runs the scheduler's decision. @returns how many tasks each node got, and how many nobody took */
function place(given: Cluster, cpus: number, spreadOver: readonly string[] = []) {
  const view = new MemoryState()
  const records: Mutation[] = given.capacities.map((_, index) => put('node', nodeOf(given, index)))
  const Preferences = spreadOver.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } }))
  const TaskTemplate = { Resources: { Reservations: { NanoCPUs: cpus * 1e9 } }, Placement: { Preferences } }
  records.push(put('spec', { ...aSpec('web', 1), TaskTemplate }))
  // Tasks that run already are of another spec version that reserves nothing.
  records.push(put('spec', aSpec('web', 2)))
  given.existing.forEach((tasks, index) => {
    for (let n = 0; n < tasks; n++) {
      const Status = { Timestamp: at, State: 'running', Message: '' } as const
      const changes = { NodeID: `n${index}`, Status, Shoal: { SpecVersion: 2 } }
      records.push(put('task', aTask(`old-${index}-${n}`, changes)))
    }
  })
  view.apply(
    records.map(
      ({ kind, record }, index) => ({ kind, slot: record.ID, revision: index + 1, record }) as never,
    ),
  )
  const set = NodeSet.of(view)
  const demand = set.demandOf('web', 1)
  if (demand === undefined) throw new Error(`the spec ${specId('web', 1)} is not there`)
  const tasks = Array.from({ length: given.pending }, (_, index) => waiting(`t${index}`))
  const placed = given.capacities.map(() => 0)
  let refused = 0
  const input = { set, demand, tasks, strategy: spread, random: seededRandom(1), nowMs: 0 }
  for (const decision of decideGroup(input)) {
    if (decision.type !== 'assign') refused++
    else {
      const index = Number(decision.nodeId.slice(1))
      placed[index] = (placed[index] ?? 0) + 1
    }
  }
  return { placed, refused, set }
}

test('no node is filled beyond what it has, and no task waits while one has room', () => {
  fc.assert(
    fc.property(cluster(20), (given) => {
      const { placed, refused } = place(given, 1)
      placed.forEach((tasks, index) => expect(tasks).toBeLessThanOrEqual(given.capacities[index] ?? 0))
      const room = given.capacities.reduce((sum, capacity) => sum + capacity, 0)
      expect(refused).toBe(Math.max(0, given.pending - room))
    }),
  )
})

test('a node gets a task only when every node that has fewer of the service is full', () => {
  fc.assert(
    fc.property(cluster(20), (given) => {
      const { placed } = place(given, 1)
      const totals = placed.map((tasks, index) => tasks + (given.existing[index] ?? 0))
      const fullest = totals.filter((_, index) => placed[index] !== 0)
      const withRoom = totals.filter((_, index) => placed[index] !== given.capacities[index])
      expect(Math.max(-Infinity, ...fullest)).toBeLessThanOrEqual(Math.min(Infinity, ...withRoom) + 1)
    }),
  )
})

/** The smallest sum of squares of the nodes' tasks that any placement of `pending` tasks reaches, by trying them all. */
function smallestSumOfSquares(existing: readonly number[], room: readonly number[], pending: number): number {
  const [first, ...rest] = existing
  if (first === undefined) return pending === 0 ? 0 : Infinity
  let smallest = Infinity
  for (let here = 0; here <= Math.min(room[0] ?? 0, pending); here++) {
    smallest = Math.min(
      smallest,
      (first + here) ** 2 + smallestSumOfSquares(rest, room.slice(1), pending - here),
    )
  }
  return smallest
}

test('no placement of as many tasks is more even, says who has tried them all', () => {
  fc.assert(
    fc.property(cluster(12), (given) => {
      const { placed, refused } = place(given, 1)
      const reached = placed.reduce(
        (sum, tasks, index) => sum + (tasks + (given.existing[index] ?? 0)) ** 2,
        0,
      )
      expect(reached).toBe(smallestSumOfSquares(given.existing, given.capacities, given.pending - refused))
    }),
  )
})

test('where there is room everywhere, a new service differs by one task between nodes at the most', () => {
  fc.assert(
    fc.property(cluster(30), (given) => {
      const { placed, refused } = place({ ...given, existing: [] }, 0)
      expect(refused).toBe(0)
      expect(Math.max(...placed) - Math.min(...placed)).toBeLessThanOrEqual(1)
    }),
  )
})

test('with a preference, a zone gets a task only when every zone that has fewer is full', () => {
  fc.assert(
    fc.property(cluster(20), (given) => {
      const { placed, refused } = place(given, 1, ['node.labels.zone'])
      const zones = new Map<number, { total: number; placed: number; full: boolean }>()
      given.zones.forEach((zone, index) => {
        const known = zones.get(zone) ?? { total: 0, placed: 0, full: true }
        known.total += (placed[index] ?? 0) + (given.existing[index] ?? 0)
        known.placed += placed[index] ?? 0
        known.full &&= placed[index] === given.capacities[index]
        zones.set(zone, known)
      })
      const all = [...zones.values()]
      const fullest = all.filter((zone) => zone.placed > 0).map((zone) => zone.total)
      const withRoom = all.filter((zone) => !zone.full).map((zone) => zone.total)
      expect(Math.max(-Infinity, ...fullest)).toBeLessThanOrEqual(Math.min(Infinity, ...withRoom) + 1)
      const room = given.capacities.reduce((sum, capacity) => sum + capacity, 0)
      expect(refused).toBe(Math.max(0, given.pending - room))
    }),
  )
})

test('claims that are taken back leave no trace', () => {
  fc.assert(
    fc.property(cluster(20), (given) => {
      const { set } = place(given, 1)
      for (let index = 0; index < given.pending; index++) {
        const task = waiting(`t${index}`)
        set.applyTask(task, task)
      }
      for (const [id, node] of set.nodes) {
        const index = Number(id.slice(1))
        expect(node.nanoCpusHeld).toBe(0)
        expect(node.tasks).toBe(given.existing[index])
        expect(node.stayingOf('web')).toBe(given.existing[index])
      }
    }),
  )
})
