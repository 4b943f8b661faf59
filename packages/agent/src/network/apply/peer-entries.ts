import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@shoal/common'
import { observePeers, type ObservedPeers } from '../observe/index.js'
import type { KernelPlan } from '../plan/index.js'
import { PeerDoubts, type PeerEvent } from './peer-events.js'
import { PeerWatch } from './peer-watch.js'
import type { WatchOptions } from './watch.js'
import type { Run } from './run.js'

/** Listings of very many entries may take this share of the time at most, where the kernel tells of changes … */
const WATCHED_SHARE = 1 / 200
/** … and where it does not. */
const UNWATCHED_SHARE = 1 / 20

/** A listing that takes no longer is waited for, in milliseconds. */
const QUICK_MS = 50

/** So many entries are compared at a time, within a few milliseconds. */
const TURN = 5_000

interface Sighting {
  readonly seen: ObservedPeers
  /** What was known when the look began. */
  readonly before: ObservedPeers
}

/**
 * What the kernel has of entries for peers: remembered, for we have put them there; the kernel tells when somebody else
 * changes them; and they are looked at now and then. With tens of thousands of them a listing takes seconds; then it is
 * made beside, and no change waits for it.
 */
export class PeerEntries {
  readonly #run: Run
  readonly #clock: Clock
  readonly #watch: PeerWatch
  readonly #doubts = new PeerDoubts()
  #known: ObservedPeers | undefined
  #sighting: Sighting | undefined
  #looking = false
  #lookedAt = 0
  #tookMs = 0

  constructor(options: { readonly run: Run } & WatchOptions) {
    this.#run = options.run
    this.#clock = options.clock
    const told = (event: PeerEvent): void => this.#doubts.note(event, this.#known, this.#clock.now())
    this.#watch = new PeerWatch(options, told, () => (this.#lookedAt = -Infinity))
  }

  /**
   * What the kernel has, as far as it is known.
   * @param look somebody else may have changed it
   * @throws ShoalError when it has to be looked at, and cannot be
   */
  async known(look: boolean): Promise<ObservedPeers> {
    const share = this.#watch.isOn ? WATCHED_SHARE : UNWATCHED_SHARE
    this.#watch.start()
    if (!this.#known) return (this.#known = await this.#look())
    if (this.#sighting) this.#known = withChanges(this.#sighting, this.#known)
    this.#sighting = undefined
    this.#known = this.#doubts.resolve(this.#known, this.#clock.now())
    if (!look || this.#clock.now() - this.#lookedAt < this.#tookMs / share) return this.#known
    if (this.#tookMs < QUICK_MS) return (this.#known = await this.#look())
    void this.#lookBeside(this.#known)
    return this.#known
  }

  /** The kernel has been brought to the plan. */
  put({ forwarding, neighbours }: KernelPlan): void {
    if (this.#known?.forwarding === forwarding && this.#known.neighbours === neighbours) return
    this.#known = { forwarding, neighbours, switching: forwarding }
    this.#doubts.prune(this.#known)
  }

  /** Nothing is sure any more: it is looked at before anything else is decided. */
  forget(): void {
    this.#known = this.#sighting = undefined
    this.#doubts.clear()
  }

  async #look(): Promise<ObservedPeers> {
    const startedAt = this.#clock.now()
    const seen = await observePeers(this.#run)
    this.#lookedAt = this.#clock.now()
    this.#tookMs = this.#lookedAt - startedAt
    return seen
  }

  async #lookBeside(before: ObservedPeers): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const seen = await this.#look()
      if (!(await isSame(seen, before))) this.#sighting = { seen, before }
    } catch {
      // Whoever has to know tries again, and says so.
      this.forget()
    } finally {
      this.#looking = false
    }
  }
}

/** With so many entries it takes a moment: others get their turn in between. */
async function isSame(seen: ObservedPeers, before: ObservedPeers): Promise<boolean> {
  if (seen.forwarding.size !== before.forwarding.size) return false
  if (seen.neighbours.size !== before.neighbours.size) return false
  if (seen.switching.size !== before.switching.size) return false
  const pairs = [
    [seen.forwarding, before.forwarding],
    [seen.neighbours, before.neighbours],
  ] as const
  let count = 0
  for (const [one, other] of pairs)
    for (const [key, value] of one) {
      if (other.get(key) !== value) return false
      if (++count % TURN === 0) await setImmediate()
    }
  for (const key of seen.switching.keys()) {
    if (!before.switching.has(key)) return false
    if (++count % TURN === 0) await setImmediate()
  }
  return true
}

/** What was seen, but for what we have changed ourselves since the look began. */
function withChanges({ seen, before }: Sighting, now: ObservedPeers): ObservedPeers {
  if (before.forwarding === now.forwarding && before.neighbours === now.neighbours) return seen
  const forwarding = new Map(seen.forwarding)
  const switching = new Set(seen.switching.keys())
  for (const [key, value] of changes(before.forwarding, now.forwarding)) {
    setOrDelete(forwarding, key, value)
    if (value === undefined) switching.delete(key)
    else switching.add(key)
  }
  const neighbours = new Map(seen.neighbours)
  for (const [key, value] of changes(before.neighbours, now.neighbours)) setOrDelete(neighbours, key, value)
  return { forwarding, switching, neighbours }
}

function setOrDelete(map: Map<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function* changes(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): Iterable<[key: string, value: string | undefined]> {
  for (const [key, value] of now) if (before.get(key) !== value) yield [key, value]
  for (const key of before.keys()) if (!now.has(key)) yield [key, undefined]
}
