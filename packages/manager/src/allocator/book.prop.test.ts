import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { silentLogger, toTimestamp } from '@shoal/common'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leaderKey, type LiveState, openState, put, remove, type TaskRecord } from '../state/index.js'
import { aNetwork, aNode, aService, aSpec, aTask, TEST_CLUSTER } from '../state/testing/index.js'
import { MemoryStore } from '../store/memory.js'
import { REST_MS } from './book.js'
import { anAllocator, givenAddresses, type TestAllocator } from './testing/index.js'

const NODES = ['n1', 'n2', 'n3']
const NETWORKS = ['front', 'back']

/** Something that happens; `pick` says to which of those that it could happen to. */
type Event =
  | {
      readonly type: 'create' | 'allocate' | 'assign' | 'end' | 'delete' | 'vip' | 'join' | 'leave'
      readonly pick: number
    }
  | { readonly type: 'takeover' }
  | { readonly type: 'wait'; readonly ms: number }

const pick = fc.nat(1000)
const anEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('create'), pick } as const) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('allocate'), pick } as const) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('assign', 'end', 'delete'), pick } as const) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('vip', 'join', 'leave'), pick } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'takeover' } as const) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait'), ms: fc.nat(40_000) } as const) },
)

/** Two managers over one store: one leads, the other follows and takes over. */
class World {
  readonly #clock = new VirtualClock()
  readonly #store = new MemoryStore()
  /** Deposed ones, the one that leads, and last the one that will lead next. */
  readonly #managers: { state: LiveState; own: TestAllocator; sinceStep: number }[] = []
  readonly #freed = new Map<string, { readonly atMs: number; readonly step: number }>()
  #step = 0
  #given = new Map<string, string>()
  #made = 0
  readonly faults: string[] = []

  async begin(): Promise<void> {
    await this.#addManager()
    await this.#takeOver()
    await this.#state.commit([
      put('network', aNetwork('front', '10.0.1.0/28')),
      put('network', { ...aNetwork('back', '10.0.2.0/27', { Attachable: true }), Shoal: { Vni: 4098 } }),
      put('service', aService('web')),
      put('spec', { ...aSpec('web', 1), TaskTemplate: { Networks: NETWORKS.map((Target) => ({ Target })) } }),
      ...NODES.map((id) => put('node', aNode(id))),
    ])
  }

  async run(event: Event): Promise<void> {
    this.#step++
    await this.#happen(event)
    await settle()
    this.#check()
  }

  get #state(): LiveState {
    return this.#leader.state
  }

  get #leader() {
    const leader = this.#managers.at(-2)
    if (!leader) throw new Error('nobody leads')
    return leader
  }

  async #addManager(): Promise<void> {
    const signal = new AbortController().signal
    const options = {
      store: this.#store,
      cluster: TEST_CLUSTER,
      clock: this.#clock,
      log: silentLogger,
      signal,
    }
    const state = await openState(options)
    this.#managers.push({ state, own: anAllocator(state, this.#clock), sinceStep: this.#step })
  }

  /** The one that has followed leads. Its predecessor may not write any more, but does not know it yet. */
  async #takeOver(): Promise<void> {
    const key = leaderKey(TEST_CLUSTER)
    const won = await this.#store.commit({ compares: [], operations: [{ type: 'put', key, value: '{}' }] })
    if (!won.committed) throw new Error('a put without compares was refused')
    await this.#managers.at(-1)?.state.lead({ key, revision: won.revision })
    await this.#addManager()
  }

  async #happen(event: Event): Promise<void> {
    switch (event.type) {
      case 'takeover':
        return this.#takeOver()
      case 'wait':
        this.#clock.advance(event.ms)
        return
      case 'create':
        return this.#state.commit([put('task', aTask(`t${++this.#made}`, { Slot: this.#made }))])
      case 'allocate':
        return this.#allocate(event.pick)
      case 'assign':
        return this.#change(
          event.pick,
          (task) => task.Status.State === 'pending',
          (task) => ({
            ...task,
            NodeID: NODES[event.pick % NODES.length] ?? '',
            Status: this.#status('assigned'),
          }),
        )
      case 'end':
        return this.#change(
          event.pick,
          (task) => task.Status.State !== 'failed',
          (task) => ({
            ...task,
            Status: this.#status('failed'),
          }),
        )
      case 'delete': {
        const tasks = [...this.#state.all('task')]
        const task = tasks[event.pick % tasks.length]
        if (task) await this.#state.commit([remove('task', task)])
        return
      }
      case 'vip':
        return this.#giveVip(event.pick)
      case 'join':
      case 'leave':
        return this.#joinOrLeave(NODES[event.pick % NODES.length] ?? '')
    }
  }

  /** The deposed managers go on as well, for a while: their writes are refused, and must not do any harm. */
  async #allocate(which: number): Promise<void> {
    const { own } = (which % 4 === 0 ? this.#managers[0] : undefined) ?? this.#leader
    const keys = [...own.allocator.allKeys()]
    await Promise.allSettled(keys.map((key) => own.allocator.reconcile(key)))
  }

  async #change(
    which: number,
    fits: (task: TaskRecord) => boolean,
    change: (task: TaskRecord) => TaskRecord,
  ) {
    const tasks = [...this.#state.all('task')].filter(fits)
    const task = tasks[which % tasks.length]
    if (task) await this.#state.commit([put('task', change(task))])
  }

  /** As the API does it: an address is set aside, written with the service's record, and settled. */
  async #giveVip(which: number): Promise<void> {
    const NetworkID = NETWORKS[which % NETWORKS.length] ?? ''
    const reserved = this.#leader.own.book.reserve()
    const Addr = reserved.takeCidr(NetworkID)
    const service = this.#state.get('service', 'web')
    if (service) {
      const VirtualIPs = Addr === undefined ? [] : [{ NetworkID, Addr }]
      await this.#state.commit([put('service', { ...service, Endpoint: { VirtualIPs } })])
    }
    reserved.end()
  }

  async #joinOrLeave(id: string): Promise<void> {
    const node = this.#state.get('node', id)
    await this.#state.commit([node ? remove('node', node) : put('node', aNode(id))])
  }

  #status(State: 'assigned' | 'failed'): TaskRecord['Status'] {
    return { State, Message: '', Timestamp: toTimestamp(this.#clock.now()) }
  }

  /**
   * Nothing is held twice; nothing is held again that was held by another a moment ago, as far as the one that leads
   * can know: what was freed before it was there, by a record that was deleted, it has never seen.
   */
  #check(): void {
    const now = new Map<string, string>()
    for (const { at, holder } of givenAddresses(this.#state)) {
      const other = now.get(at)
      if (other !== undefined && other !== holder) this.faults.push(`${at} has ${other} and ${holder}`)
      now.set(at, holder)
      const freed = this.#freed.get(at)
      const isKnown = freed !== undefined && freed.step > this.#leader.sinceStep
      if (!this.#given.has(at) && isKnown && this.#clock.now() < freed.atMs + REST_MS) {
        this.faults.push(`${at} did not rest before ${holder} got it`)
      }
    }
    for (const at of this.#given.keys()) {
      if (!now.has(at)) this.#freed.set(at, { atMs: this.#clock.now(), step: this.#step })
    }
    this.#given = now
  }
}

test('no address is given twice, whatever happens and whoever leads', async () => {
  const holds = fc.asyncProperty(fc.array(anEvent, { minLength: 5, maxLength: 60 }), async (events) => {
    const world = new World()
    await world.begin()
    for (const event of events) await world.run(event)
    expect(world.faults).toEqual([])
  })
  await expect(fc.assert(holds, { numRuns: 60 })).resolves.toBeUndefined()
})
