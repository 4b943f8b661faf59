import { isBefore, isDesiredAlive, toTimestamp, type TaskState } from '@shoal/common'
import type { ServiceMode } from '@shoal/engine-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryState, type Written } from '../../state/memory-state.js'
import {
  withFields,
  type Kind,
  type Records,
  type ServiceRecord,
  type SpecRecord,
  type TaskRecord,
} from '../../state/records.js'
import { aNode, aService, aSpec, aTask } from '../../state/testing/index.js'
import type { Unit } from '../actions.js'
import { slotKey } from '../slot/slot.js'
import { decideService, leftAloneAmong, type ServicePlan } from './decide.js'
import { SlotBooks } from './slot-books.js'

const NOW = Date.UTC(2026, 0, 1, 12)
type Mode = 'replicated' | 'global'
const NODES: Record<Mode, readonly string[]> = {
  replicated: ['a', 'b', 'c'],
  global: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'],
}
const STATES: readonly TaskState[] = [
  'pending',
  'assigned',
  'ready',
  'running',
  'running',
  'failed',
  'shutdown',
]
const DESIRED: readonly TaskState[] = ['ready', 'running', 'running', 'shutdown', 'remove']

/** One change to the cluster; numbers choose among what there is. */
type Step =
  | {
      readonly type: 'task'
      readonly slot: number
      readonly which: number
      readonly state: number
      readonly desired: number
      readonly node: number
      readonly version: number
      readonly replaces: boolean
    }
  | { readonly type: 'end'; readonly which: number }
  | {
      readonly type: 'node'
      readonly node: number
      readonly state: 'ready' | 'down' | 'gone'
      readonly availability: 'active' | 'pause' | 'drain'
    }
  | {
      readonly type: 'service'
      readonly replicas: number
      readonly version: number
      readonly parallelism: number
      readonly rollout: string | undefined
    }
  | { readonly type: 'carry-out' }
  | { readonly type: 'rebalance'; readonly which: number; readonly node: number }
  /** Agents do all that they are told. */
  | { readonly type: 'obey' }
  /** Another primary begins, and has read nothing yet. */
  | { readonly type: 'takeover' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('task' as const),
      slot: fc.nat(5),
      which: fc.nat(8),
      state: fc.nat(6),
      desired: fc.nat(4),
      node: fc.nat(8),
      version: fc.nat(2),
      replaces: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('end' as const), which: fc.nat(8) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('node' as const),
      node: fc.nat(8),
      state: fc.constantFrom('ready', 'ready', 'ready', 'down', 'gone'),
      availability: fc.constantFrom('active', 'active', 'pause', 'drain'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('service' as const),
      replicas: fc.nat(8),
      version: fc.nat(2),
      parallelism: fc.constantFrom(0, 1, 1, 2),
      rollout: fc.constantFrom(undefined, 'updating', 'paused', 'completed'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('rebalance' as const), which: fc.nat(4), node: fc.nat(8) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('carry-out' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('obey' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('takeover' as const) }) },
)

/** A cluster with one service, whose changes the books follow as a loop has them do. */
class Scene {
  readonly memory = new MemoryState()
  books = this.#newBooks()
  readonly #mode: Mode
  #revision = 0
  #ids = 0

  /** @param running so many tasks of the first version run already */
  constructor(running: number, mode: Mode) {
    this.#mode = mode
    this.memory.subscribe((changes) => {
      for (const change of changes) this.books.follow(change)
    })
    for (const id of NODES[mode]) this.write('node', id, aNode(id))
    for (const number of [1, 2, 3]) this.write('spec', `web/${number}`, specOf(number))
    this.write('service', 'web', service(this.#scale(running), 1, 1))
    const most = mode === 'global' ? NODES.global.length : Infinity
    for (let slot = 1; slot <= Math.min(running, most); slot++) {
      const task = { slot: slot - 1, which: Infinity, state: 3, desired: 1, node: slot, version: 0 }
      this.#putTask({ ...task, type: 'task', replaces: false })
    }
  }

  write<K extends Kind>(kind: K, slot: string, record: Records[K] | undefined): void {
    const revision = ++this.#revision
    const written = record && withFields(record, { Version: { Index: revision } } as Partial<Records[K]>)
    this.memory.apply([{ kind, slot, revision, ...(written && { record: written }) } as Written])
  }

  take(next: Step): void {
    if (next.type === 'task') this.#putTask(next)
    else if (next.type === 'end') {
      const [task] = [...this.memory.all('task')].slice(next.which)
      if (task) this.write('task', task.ID, undefined)
    } else if (next.type === 'node') {
      const node = aNode(this.#node(next.node))
      if (next.state === 'gone') return this.write('node', node.ID, undefined)
      const Spec = { ...node.Spec, Availability: next.availability }
      this.write('node', node.ID, { ...node, Spec, Status: { ...node.Status, State: next.state } })
    } else if (next.type === 'service')
      this.write(
        'service',
        'web',
        service(this.#scale(next.replicas), next.version + 1, next.parallelism, next.rollout),
      )
    else if (next.type === 'rebalance') this.#rebalance(next)
    else if (next.type === 'takeover') this.books = this.#newBooks()
    else if (next.type === 'carry-out') this.#carryOut()
    else this.#obey()
  }

  /** @returns whether the books are ready for a decision; each time they come a piece nearer to it */
  prepare(): boolean {
    return this.books.prepare('web', (groups, keys) => leftAloneAmong(this.memory, 'web', NOW, groups, keys))
  }

  #newBooks(): SlotBooks {
    return new SlotBooks(this.memory, { tasks: 2, slots: 1 })
  }

  /** What the loop decides, and what it would decide if it knew nothing but what is stored. */
  plans(): { known: ServicePlan; anew: ServicePlan } {
    const known = this.#decide(true)
    const anew = this.#decide(false)
    if (!known.service && known.leftAlone) this.books.leaveAlone('web', known.leftAlone)
    return { known, anew }
  }

  #decide(knows: boolean): ServicePlan {
    let ids = 0
    const tasks = knows ? this.books.of('web') : undefined
    return decideService(this.memory, 'web', NOW, () => `n${this.#ids}-${ids++}`, tasks)
  }

  #carryOut(): void {
    if (!this.prepare()) return
    const plan = this.#decide(true)
    this.#ids++
    if (plan.service) this.write('service', 'web', plan.service)
    for (const action of [...plan.release, ...plan.units].flat()) {
      const { task } = action
      const record = action.type === 'desire' ? withFields(task, { DesiredState: action.desired }) : task
      this.write('task', task.ID, action.type === 'delete' ? undefined : record)
    }
  }

  #rebalance({ which, node }: Extract<Step, { type: 'rebalance' }>): void {
    const [task] = [...this.memory.all('task')].slice(which)
    const web = this.memory.get('service', 'web')
    if (!task || !web) return
    const Rebalance = { StartedAtMs: NOW, Moves: [{ Task: task.ID, Node: this.#node(node) }], Moved: 0 }
    this.write('service', 'web', { ...web, Shoal: { ...web.Shoal, Rebalance } })
  }

  #obey(): void {
    for (const [index, task] of [...this.memory.all('task')].entries()) {
      const State = isDesiredAlive(task.DesiredState) ? task.DesiredState : 'shutdown'
      if (!isBefore(task.Status.State, State)) continue
      const NodeID = task.NodeID ?? this.#node(index)
      this.write('task', task.ID, withFields(task, { NodeID, Status: { ...task.Status, State } }))
    }
  }

  #putTask({ slot, which, state, desired, node, version, replaces }: Extract<Step, { type: 'task' }>): void {
    const present = [...this.memory.all('task')]
    const ID = present[which]?.ID ?? `t${++this.#ids}`
    const State = STATES[state] ?? 'pending'
    const place = this.#placeOf(present[which], slot, node, State)
    const other = present.find((task) => slotKey(task) === slotKey({ ...task, ...place }) && task.ID !== ID)
    const { Slot: _first, ...record } = aTask(ID, {
      Status: { Timestamp: toTimestamp(NOW), State, Message: State },
      DesiredState: DESIRED[desired] ?? 'running',
      Shoal: { SpecVersion: version + 1, ...(replaces && other && { Replaces: other.ID }) },
    })
    this.write('task', ID, { ...record, ...place })
  }

  /** A task of a global service is made for its node. */
  #placeOf(
    present: TaskRecord | undefined,
    slot: number,
    node: number,
    state: TaskState,
  ): Partial<Pick<TaskRecord, 'Slot' | 'NodeID'>> {
    if (this.#mode === 'global') return { NodeID: present?.NodeID ?? this.#node(node) }
    return { Slot: present?.Slot ?? slot + 1, ...(state !== 'pending' && { NodeID: this.#node(node) }) }
  }

  #node(index: number): string {
    const nodes = NODES[this.#mode]
    return nodes[index % nodes.length] ?? ''
  }

  #scale(replicas: number): ServiceMode {
    return this.#mode === 'global' ? { Global: {} } : { Replicated: { Replicas: replicas } }
  }
}

/** The second is another one than the first, the third differs from that in its placement only. */
function specOf(number: number): SpecRecord {
  const TaskTemplate = {
    ContainerSpec: { Image: number === 1 ? 'web:1' : 'web:2' },
    ...(number === 3 && { Placement: { Constraints: ['node.id!=b'] } }),
  }
  return { ...aSpec('web', number), TaskTemplate }
}

function service(Mode: ServiceMode, version: number, Parallelism: number, rollout?: string): ServiceRecord {
  return aService('web', {
    Spec: { Name: 'web', Mode, UpdateConfig: { Parallelism } },
    Shoal: { SpecVersion: version },
    ...(rollout !== undefined && { UpdateStatus: { State: rollout as 'updating', Message: '' } }),
  })
}

function inAnyOrder(plan: ServicePlan): unknown {
  const { leftAlone: _leftAlone, release, units, ...rest } = plan
  const sorted = (unit: Unit): string[] => unit.map((action) => JSON.stringify(action)).sort()
  return { ...rest, units: units.map(sorted), release: release.map((unit) => sorted(unit).join()).sort() }
}

/** @returns how many slots were passed over, and how many of them wait for their turn */
function follow(scene: Scene, steps: readonly Step[]): { passedOver: number; waited: number } {
  let [passedOver, waited] = [0, 0]
  for (const each of steps) {
    scene.take(each)
    if (!scene.prepare()) continue
    const { known, anew } = scene.plans()
    expect(inAnyOrder(known)).toEqual(inAnyOrder(anew))
    const tasks = scene.books.of('web')
    passedOver += Math.max(0, (tasks?.groups.size ?? 0) - (tasks?.stirred.size ?? 0))
    waited += tasks?.waiting.size ?? 0
  }
  return { passedOver, waited }
}

const MODES: readonly Mode[] = ['replicated', 'global']

test.each(MODES)(
  '%s: to look only at slots that have changed leads to the same decisions as to look at all',
  (mode) => {
    let passedOver = 0
    fc.assert(
      fc.property(fc.nat(8), fc.array(step, { minLength: 5, maxLength: 40 }), (running, steps) => {
        passedOver += follow(new Scene(running, mode), steps).passedOver
      }),
      { numRuns: 150 },
    )
    // That is: quiet slots did occur.
    expect(passedOver).toBeGreaterThan(500)
  },
)

test.each(MODES)('%s: so it does while a rollout goes on, whatever comes between', (mode) => {
  const goesOn = fc.constantFrom<Step>({ type: 'carry-out' }, { type: 'obey' })
  const between = fc.oneof({ weight: 12, arbitrary: goesOn }, { weight: 1, arbitrary: step })
  const updated = fc.record({
    type: fc.constant('service' as const),
    replicas: fc.integer({ min: 6, max: 14 }),
    version: fc.constant(1),
    parallelism: fc.constantFrom(1, 2, 3),
    rollout: fc.constantFrom(undefined, 'updating'),
  })
  let waited = 0
  fc.assert(
    fc.property(updated, fc.array(between, { minLength: 10, maxLength: 60 }), (update, steps) => {
      waited += follow(new Scene(update.replicas, mode), [update, ...steps]).waited
    }),
    { numRuns: 60 },
  )
  expect(waited).toBeGreaterThan(1000)
})
