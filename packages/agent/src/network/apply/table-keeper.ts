import { createHash } from 'node:crypto'
import { messageOf, type Logger } from '@shoal/common'
import { TABLE } from '../names.js'
import {
  dropChains,
  reload,
  SKELETON_CHAINS,
  sweep,
  transition,
  type NftState,
  type TableState,
} from '../nft/index.js'
import type { WatchOptions } from './watch.js'
import { mustRun, type Run } from './run.js'
import { TableWatch } from './table-watch.js'

/** A listing of a large table takes its time: it may take this share of the time at most … */
const CHECK_SHARE = 1 / 100
/** … and this one where the kernel tells of changes, and a listing is not quick. */
const WATCHED_SHARE = 1 / 1000

/** A listing that takes no longer is made after every change. */
const QUICK_MS = 50

/** To be told of a reload of so many characters takes longer than to begin to listen again after it. */
const LARGE = 500_000

const UNLISTED = 'the table could not be listed'

export interface KeeperOptions extends WatchOptions {
  readonly run: Run
  readonly log: Logger
  /** How long slots of departed endpoints stay for packets on their way, in milliseconds. */
  readonly sweepDelayMs: number
  /** Somebody else has changed the table, which `put` mends, or what is beside it. */
  readonly onDamage: () => void
}

/**
 * Holds our nftables table: brings it from state to state, and notices when somebody else has touched it. What is in it
 * is remembered, not read back; a table of which nothing is known (at the start, after a failure, or when it is not as
 * it was left) is reloaded where it stands.
 */
export class TableKeeper {
  readonly #options: KeeperOptions
  readonly #watch: TableWatch
  /** It is not as it was left. */
  #isDamaged = false
  /** What the kernel has told was not heard. */
  #isUnheard = false
  /** Somebody else may have changed it, perhaps before it was looked at: a look says nothing then. */
  #isDoubtful = false
  /** When it was last reloaded for that. */
  #doubtedAt = -Infinity
  #table: TableState | undefined
  /** What the table looked like after our last change. */
  #print: string | undefined
  /** How long the last listing took, and when it was made. */
  #listed = { tookMs: 0, at: -Infinity }
  #listing = false
  /** Counts what was done to the table. */
  #changes = 0
  #changedAt = 0

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#watch = new TableWatch(options, {
      onForeign: () => {
        this.#isDamaged = true
        options.onDamage()
      },
      onFirewall: options.onDamage,
      onLost: () => (this.#isUnheard = true),
      onUntold: () => {
        this.#isDoubtful = true
        if (this.#isReloadDue()) options.onDamage()
      },
    })
  }

  /**
   * Brings the table to a state. @returns the addresses that get no new connections any more
   * @throws ShoalError when nft refuses or is missing; what the table holds is as before then
   */
  async put(state: NftState): Promise<readonly string[]> {
    const from = this.#table
    if (from && !this.#isDamaged) {
      const swept = this.#isSweepDue() ? sweep(from) : { text: '', table: from }
      const change = transition(swept.table, state)
      const text = swept.text + change.text
      try {
        if (text !== '') await this.#nft(text)
        if (change.text !== '') this.#changedAt = this.#options.clock.now()
        this.#table = change.table
        return change.departed
      } catch (error) {
        this.#options.log.warn({ reason: messageOf(error) }, 'the table is not as it was left: reloading it')
      }
    }
    const whole = reload(state)
    await this.#mend(whole.text)
    this.#table = whole.table
    const departed = from ? transition(from, state).departed : []
    await this.#dropStrangers(state)
    this.#watch.start()
    return departed
  }

  get needsSweep(): boolean {
    return (this.#table?.stale.size ?? 0) > 0
  }

  /**
   * Looks whether the table is as it was left. When it is not, the next `put` reloads it. A table that takes long to
   * list is listed seldom, and beside; that it is still there with its chains is seen every time.
   * @throws ShoalError when nft fails
   */
  async check(): Promise<void> {
    if (!this.#table || this.#isDamaged) return
    if (this.#isDoubtful && this.#isReloadDue()) return this.#giveUp()
    const isDue = this.#isListingDue()
    this.#watch.start()
    if (isDue) this.#isUnheard = false
    if (this.#isQuick && (isDue || this.#print === undefined)) return this.#list()
    if (isDue) this.#listBeside()
    const changes = this.#changes
    if (!(await this.#hasChains()) && changes === this.#changes) this.#isDamaged = true
  }

  /** Notes what the table looks like after a change; a table that is large waits for the next regular look. */
  async remember(): Promise<void> {
    if (this.#table && this.#print === undefined && this.#isQuick) await this.#list()
  }

  /** Whether there is a table of ours, left by an earlier agent perhaps. */
  async exists(): Promise<boolean> {
    const { stdout } = await this.#options.run('nft', ['list', 'tables', 'ip'])
    return stdout.split('\n').includes(`table ip ${TABLE}`)
  }

  /** Takes the table away: for leaving the cluster. */
  async remove(): Promise<void> {
    this.#table = undefined
    if (await this.exists()) await this.#nft(`delete table ip ${TABLE}\n`)
  }

  #isSweepDue(): boolean {
    const { clock, sweepDelayMs } = this.#options
    return this.needsSweep && clock.now() - this.#changedAt >= sweepDelayMs
  }

  get #isQuick(): boolean {
    return this.#listed.tookMs < QUICK_MS
  }

  #isListingDue(): boolean {
    const isTold = this.#watch.isOn && !this.#isUnheard && !this.#isDoubtful
    const share = isTold && !this.#isQuick ? WATCHED_SHARE : CHECK_SHARE
    const { tookMs, at } = this.#listed
    return !this.#listing && this.#options.clock.now() - at >= tookMs / share
  }

  #isReloadDue(): boolean {
    return this.#options.clock.now() - this.#doubtedAt >= this.#listed.tookMs / CHECK_SHARE
  }

  #giveUp(): void {
    const { log, clock } = this.#options
    log.debug('somebody has changed something, and nft does not say what: reloading the table')
    this.#doubtedAt = clock.now()
    this.#isDamaged = true
  }

  #listBeside(): void {
    this.#listing = true
    void this.#list()
      .catch((error: unknown) => this.#options.log.debug({ reason: messageOf(error) }, UNLISTED))
      .finally(() => (this.#listing = false))
  }

  /** What changes while it is listed says nothing. */
  async #list(): Promise<void> {
    const { clock } = this.#options
    if (this.#isDoubtful) return
    const [startedAt, changes] = [clock.now(), this.#changes]
    const text = await this.#fingerprint()
    this.#listed = { tookMs: clock.now() - startedAt, at: clock.now() }
    if (changes !== this.#changes) return
    if (this.#print !== undefined && this.#print !== text) this.#isDamaged = true
    else this.#print = text
  }

  async #nft(text: string): Promise<void> {
    this.#changes++
    try {
      await this.#watch.during(async () => void (await mustRun(this.#options.run, 'nft', ['-f', '-'], text)))
    } finally {
      this.#print = undefined
      this.#changes++
    }
  }

  async #mend(text: string): Promise<void> {
    this.#isDamaged = this.#isDoubtful = false
    try {
      await this.#reload(text)
    } catch (error) {
      this.#isDamaged = true
      throw error
    }
  }

  /** A table of another version of ours, whose sets are of other types, cannot be mended: it is replaced at once. */
  async #reload(text: string): Promise<void> {
    if (text.length > LARGE) this.#watch.pause()
    try {
      await this.#nft(text)
    } catch (error) {
      if (!(await this.exists())) throw error
      await this.#nft(`delete table ip ${TABLE}\n${text}`)
      this.#options.log.warn({ reason: messageOf(error) }, 'the table could not be mended and was replaced')
    }
  }

  /** Chains that were left by services of old, or put there by somebody else. */
  async #dropStrangers(state: NftState): Promise<void> {
    const wanted = new Set([...state.values()].flatMap(({ chains }) => chains.map(({ name }) => name)))
    const strangers = (await this.#chains()).filter((name) => !wanted.has(name) && !SKELETON_CHAINS.has(name))
    if (strangers.length > 0) await this.#nft(dropChains(strangers))
  }

  async #chains(): Promise<string[]> {
    const text = await mustRun(this.#options.run, 'nft', ['-j', 'list', 'chains', 'ip'])
    const { nftables } = JSON.parse(text) as { nftables: { chain?: { table: string; name: string } }[] }
    return nftables.flatMap(({ chain }) => (chain?.table === TABLE ? [chain.name] : []))
  }

  async #hasChains(): Promise<boolean> {
    const chains = new Set(await this.#chains())
    const own = [...(this.#table?.holds.values() ?? [])].flatMap((fragment) => fragment.chains)
    return [...SKELETON_CHAINS, ...own.map(({ name }) => name)].every((name) => chains.has(name))
  }

  async #fingerprint(): Promise<string> {
    const { code, stdout } = await this.#options.run('nft', ['list', 'table', 'ip', TABLE])
    return code === 0 ? createHash('sha256').update(stdout).digest('hex') : 'missing'
  }
}
