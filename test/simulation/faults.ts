import type { World } from './world.js'

type Fault = (world: World) => void

/** How likely each fault is beside the others, and what it does. Every one of them ends by itself, or by `heal`. */
const FAULTS: Readonly<Record<string, readonly [weight: number, fault: Fault]>> = {
  'manager crashes': [3, (world) => world.dice.pick(world.managers).crash(world.dice.between(100, 5_000))],
  'manager is asked to end': [2, (world) => world.leader()?.run?.askToEnd()],
  'manager is lost for good': [0.3, loseManager],
  'manager is paused': [4, pauseManager],
  'manager is cut off from the store': [2, cutManagerOffStore],
  'managers are cut off from each other': [1, cutManagers],
  'manager is cut off from everybody': [1, cutManagerOff],
  'living manager is refused for': [1, refuseFor],
  'store is down': [1, storeDown],
  'store is slow': [1, storeSlow],
  'store is full': [1, storeFull],
  'a member of the store is lost': [2, storeMemberLost],
  'store forgets its history': [1, (world) => world.store.memory.compact(Number.MAX_SAFE_INTEGER)],
  'network is slow': [1, networkSlow],
  'messages are told twice': [2, duplication],
  'path is cut': [4, cutPath],
  'connections are reset': [2, (world) => world.network.reset(world.dice.pick(world.hosts).machine)],
  'host is cut off': [2, cutHost],
  'agent crashes': [3, (world) => world.dice.pick(world.hosts).crash(world.dice.between(500, 8_000))],
  'agent is paused': [2, pauseAgent],
  'host reboots': [2, (world) => world.dice.pick(world.hosts).reboot(world.dice.between(3_000, 40_000))],
  'disk is full': [1.5, diskFull],
  'disk is slow': [1.5, diskSlow],
  'engine is away': [2, engineAway],
  'container dies': [4, containerDies],
}

const WEIGHTS = Object.fromEntries(Object.entries(FAULTS).map(([name, [weight]]) => [name, weight]))

/** Something goes wrong. */
export function somethingFails(world: World): void {
  const name = world.dice.weighted(WEIGHTS)
  world.trace.add(`fault: ${name}`)
  FAULTS[name]?.[1](world)
}

/** Everything that was broken works again. */
export function heal(world: World): void {
  world.trace.add('all faults end')
  world.store.isDown = false
  world.store.isFull = false
  world.store.slowness = 0
  world.network.slowness = 0
  world.network.duplication = 0
  world.network.healAll()
  for (const { run } of world.managers) {
    run?.store.setCut(false)
    run?.process.resume()
  }
  for (const host of world.hosts) {
    host.process?.resume()
    Object.assign(host.medium, { isFull: false, slowness: 0 })
    if (!host.engine.isOn) host.engine.switchOn()
  }
}

/** Undoes something after a while. */
function later(world: World, leastMs: number, mostMs: number, undo: () => void): void {
  world.clock.setTimer(world.dice.between(leastMs, mostMs), undo)
}

/** Rather the one that leads: the others have little to do. */
function pauseManager(world: World): void {
  const manager = world.dice.chance(0.8) ? world.leader() : world.dice.pick(world.managers)
  const process = manager?.run?.process
  if (!process?.isRunning) return
  world.trace.add(`${process.name} is paused`)
  process.pause()
  later(world, 500, 20_000, () => {
    if (process.isPaused) world.trace.add(`${process.name} goes on`)
    process.resume()
  })
}

/** One of them has to stay. */
function loseManager(world: World): void {
  const present = world.managers.filter(({ isGone }) => !isGone)
  if (present.length > 1) world.dice.pick(present).loseForGood()
}

/** Both ways, so that none sees whether the other lives. */
function cutManagers(world: World): void {
  const [one, other] = [world.dice.pick(world.managers), world.dice.pick(world.managers)]
  const forMs = world.dice.between(500, 30_000)
  world.network.cut(one.name, other.address, forMs)
  world.network.cut(other.name, one.address, forMs)
}

/** From the store, the other managers and the agents. */
function cutManagerOff(world: World): void {
  const { name, address, run } = world.leader() ?? world.dice.pick(world.managers)
  if (!run || run.process.isDead) return
  world.trace.add(`${run.process.name} is cut off from everybody`)
  const forMs = world.dice.between(500, 25_000)
  run.store.setCut(true)
  world.clock.setTimer(forMs, () => run.store.setCut(false))
  for (const { machine } of world.hosts) world.network.cut(machine, address, forMs)
  for (const other of world.managers) {
    world.network.cut(name, other.address, forMs)
    world.network.cut(other.name, address, forMs)
  }
}

/** Something else on its host says no in its place, as a firewall does: the others take it for dead. */
function refuseFor(world: World): void {
  const { address } = world.leader() ?? world.dice.pick(world.managers)
  world.network.refuse(address, world.dice.between(200, 5_000))
}

function cutManagerOffStore(world: World): void {
  const run = world.dice.pick(world.managers).run
  if (!run || run.process.isDead) return
  world.trace.add(`${run.process.name} is cut off from the store`)
  run.store.setCut(true)
  later(world, 500, 15_000, () => run.store.setCut(false))
}

function storeDown(world: World): void {
  const changed = (isDown: boolean): void => {
    world.store.isDown = isDown
    for (const { run } of world.managers) run?.store.connectionChanged()
  }
  changed(true)
  later(world, 500, 10_000, () => changed(false))
}

function storeFull(world: World): void {
  world.store.isFull = true
  later(world, 500, 20_000, () => {
    world.store.isFull = false
  })
}

/** The others go on; who was connected to it connects to one of them. */
function storeMemberLost(world: World): void {
  for (const { run } of world.managers) if (world.dice.chance(0.5)) run?.store.breakConnections()
}

function storeSlow(world: World): void {
  world.store.slowness = world.dice.between(20, 500)
  later(world, 2_000, 10_000, () => {
    world.store.slowness = 0
  })
}

function networkSlow(world: World): void {
  world.network.slowness = world.dice.between(20, 2_000)
  later(world, 2_000, 10_000, () => {
    world.network.slowness = 0
  })
}

function duplication(world: World): void {
  world.network.duplication = 0.5
  later(world, 2_000, 20_000, () => {
    world.network.duplication = 0
  })
}

function cutPath(world: World): void {
  const host = world.dice.pick(world.hosts)
  const manager = world.dice.pick(world.managers)
  world.network.cut(host.machine, manager.address, world.dice.between(500, 40_000))
}

function cutHost(world: World): void {
  const host = world.dice.pick(world.hosts)
  world.trace.add(`${host.machine} is cut off`)
  const forMs = world.dice.between(1_000, 40_000)
  for (const manager of world.managers) world.network.cut(host.machine, manager.address, forMs)
}

function pauseAgent(world: World): void {
  const process = world.dice.pick(world.hosts).process
  if (!process?.isRunning) return
  world.trace.add(`${process.name} is paused`)
  process.pause()
  later(world, 500, 30_000, () => process.resume())
}

function diskFull(world: World): void {
  const { machine, medium } = world.dice.pick(world.hosts)
  world.trace.add(`the disk of ${machine} is full`)
  medium.isFull = true
  later(world, 1_000, 60_000, () => {
    medium.isFull = false
  })
}

function diskSlow(world: World): void {
  const { medium } = world.dice.pick(world.hosts)
  medium.slowness = world.dice.between(20, 3_000)
  later(world, 2_000, 20_000, () => {
    medium.slowness = 0
  })
}

function engineAway(world: World): void {
  const { engine } = world.dice.pick(world.hosts)
  if (!engine.isOn) return
  engine.switchOff()
  later(world, 500, 10_000, () => {
    if (!engine.isOn) engine.switchOn()
  })
}

function containerDies(world: World): void {
  const engines = world.hosts
    .map(({ engine }) => engine)
    .filter(({ isOn, running }) => isOn && running.size > 0)
  if (engines.length === 0) return
  const engine = world.dice.pick(engines)
  engine.exit(world.dice.pick([...engine.running.values()]), 137)
}
