import { settle } from '@shoal/common/virtual-clock'
import { encode } from '@shoal/manager/state/codec'
import { keyOf, slotOf } from '@shoal/manager/state/keys'
import type { Operation } from '@shoal/manager/store/contract'
import type { Bug } from './bugs/index.js'
import { whatIsMisremembered, whatIsMissing, whatIsTooMuch } from './convergence.js'
import { heal, somethingFails } from './faults.js'
import { firstRecords } from './layout.js'
import { soundSpec } from './specs.js'
import { Users } from './user.js'
import { CLUSTER, World } from './world.js'

/** After the last fault everything has to be as it is wanted within this time, in milliseconds. */
const CONVERGES_WITHIN_MS = 15 * 60_000
/** How often it is looked at, in milliseconds. */
const LOOK_MS = 2_000
/** And then nothing may be written for so long, in milliseconds. */
const QUIET_MS = 45_000
/** What came shortly before may still be under way, in milliseconds. */
const CALMING_MS = 35_000
/** How often, and after how long, operators look whether every host is a node, in milliseconds. */
const GATHERING_ROUNDS = 12
const GATHERING_MS = 5_000

export interface SimulationOptions {
  readonly seed: number
  readonly bug?: Bug
  readonly keepWholeTrace?: boolean
}

export interface Outcome {
  readonly seed: number
  readonly violation?: { readonly rule: string; readonly detail: string }
  readonly trace: readonly string[]
  readonly hash: string
  /** How much time passed in the simulation, in milliseconds. */
  readonly simulatedMs: number
}

/** Lives through one seed: a cluster, its users and its faults, and then the time after them. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const world = new World(options)
  const startMs = world.clock.now()
  await found(world)
  const users = new Users(world)
  await liveThroughFaults(world, users)
  if (!world.violation) await calmDown(world, users)
  const { violation } = world
  endAll(world)
  await settle()
  return {
    seed: options.seed,
    ...(violation && { violation: { rule: violation.rule, detail: violation.message } }),
    trace: world.trace.lines,
    hash: world.trace.hash,
    simulatedMs: world.clock.now() - startMs,
  }
}

/** The records of the founding, and every process. */
async function found(world: World): Promise<void> {
  const operations = firstRecords(world.layout, CLUSTER).map(({ kind, record }): Operation => {
    const key = keyOf(CLUSTER, { kind, slot: slotOf(kind, record) })
    return { type: 'put', key, value: encode({ ...record, Version: undefined }) }
  })
  await world.store.commit('founder', { compares: [], operations })
  for (const manager of world.managers) manager.start()
  for (const host of world.hosts) host.start()
  await world.run(3_000)
}

async function liveThroughFaults(world: World, users: Users): Promise<void> {
  const { dice } = world
  const endMs = world.clock.now() + dice.between(60_000, 240_000)
  const faultEveryMs = dice.pick([4_000, 10_000, 25_000])
  const actEveryMs = dice.pick([3_000, 8_000, 20_000])
  let nextFaultMs = world.clock.now() + dice.between(5_000, 2 * faultEveryMs)
  let nextActMs = world.clock.now()
  while (world.clock.now() < endMs && !world.violation) {
    const nextMs = Math.min(nextFaultMs, nextActMs, endMs)
    await world.run(nextMs - world.clock.now())
    if (nextMs === nextActMs) {
      users.act()
      // Two at the same time, now and then.
      if (dice.chance(0.2)) users.act()
      nextActMs = nextMs + dice.between(100, 2 * actEveryMs)
    } else if (nextMs === nextFaultMs) {
      somethingFails(world)
      nextFaultMs = nextMs + dice.between(100, 2 * faultEveryMs)
    }
  }
}

/** No more faults: everybody's last wish is one that can be fulfilled, and has to be. */
async function calmDown(world: World, users: Users): Promise<void> {
  heal(world)
  await world.run(CALMING_MS)
  heal(world)
  await gatherHosts(world, users)
  await makeSound(world, users)
  const untilMs = world.clock.now() + CONVERGES_WITHIN_MS
  let missing: string | undefined = 'everything'
  while (!world.violation && world.clock.now() < untilMs) {
    await world.run(LOOK_MS)
    missing = whatIsMissing(world)
    if (missing === undefined) break
  }
  if (missing !== undefined) return world.violate('everything converges', missing)
  await world.run(QUIET_MS)
  if (world.violation) return
  const late = whatIsMissing(world) ?? whatIsTooMuch(world)
  if (late) return world.violate('everything converges', `after a while: ${late}`)
  const misremembered = whatIsMisremembered(world)
  if (misremembered) return world.violate('every manager remembers what is stored', misremembered)
  const lastWriteMs = world.lastWriteMs
  await world.run(QUIET_MS)
  if (world.lastWriteMs !== lastWriteMs)
    world.violate('nothing is written in quiet times', 'a record was written')
}

/** Every host is to be a node again, and every node a host. */
async function gatherHosts(world: World, { members }: Users): Promise<void> {
  for (let round = 0; round < GATHERING_ROUNDS && !members.tidy(); round++) await world.run(GATHERING_MS)
}

/** Every node is to be used; services that could not work become such that can. */
async function makeSound(world: World, users: Users): Promise<void> {
  for (const node of world.truth.nodes()) {
    users.changeNode(node.ID, { Availability: 'active' })
    await world.run(1_000)
  }
  for (const service of world.truth.services()) {
    users.update(service, soundSpec(world.dice, service.Spec))
    await world.run(500)
  }
  // One that lost its race, or met a manager that was not there.
  for (let round = 0; round < 5; round++) {
    for (const service of world.truth.services()) {
      if (service.Spec.Labels?.['sound'] === 'yes') continue
      users.update(service, soundSpec(world.dice, service.Spec))
    }
    await world.run(3_000)
  }
}

function endAll(world: World): void {
  for (const { run } of world.managers) run?.process.kill()
  for (const { process } of world.hosts) process?.kill()
}
