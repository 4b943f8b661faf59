import { createHash } from 'node:crypto'
import { messageOf, type Clock, type Logger } from '@shoal/common'
import { TABLE } from '../names.js'
import {
  dropChains,
  reload,
  SKELETON_CHAINS,
  sweep,
  transition,
  type NftState,
  type TableState,
  type Transition,
} from '../nft/index.js'
import { mustRun, type Run } from './run.js'

/** A listing of a large table takes its time: it may take this share of the time at most. */
const CHECK_SHARE = 1 / 100

/** A listing that takes no longer is made after every change. */
const QUICK_MS = 50

/** What the table looked like after our last change. */
interface Print {
  readonly text: string
  readonly tookMs: number
  readonly at: number
}

export interface KeeperOptions {
  readonly run: Run
  readonly clock: Clock
  readonly log: Logger
  /** How long slots of departed endpoints stay for packets on their way, in milliseconds. */
  readonly sweepDelayMs: number
}

/**
 * Holds our nftables table: brings it from state to state, and notices when somebody else has touched it. What is in it
 * is remembered, not read back; a table of which nothing is known (at the start, after a failure, or when it is not as
 * it was left) is reloaded where it stands.
 */
export class TableKeeper {
  readonly #options: KeeperOptions
  #table: TableState | undefined
  #print: Print | undefined
  #lastTookMs = 0
  #changedAt = 0

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /**
   * Brings the table to a state. @returns the addresses that get no new connections any more
   * @throws ShoalError when nft refuses or is missing; what the table holds is as before then
   */
  async put(state: NftState): Promise<readonly string[]> {
    const from = this.#table
    if (from) {
      const change = transition(from, state)
      if (change.text === '') return this.#hold(change)
      try {
        await this.#nft(change.text)
        return this.#hold(change)
      } catch (error) {
        this.#options.log.warn({ reason: messageOf(error) }, 'the table is not as it was left: reloading it')
      }
    }
    const whole = reload(state)
    await this.#reload(whole.text)
    this.#table = whole.table
    const departed = from ? transition(from, state).departed : []
    await this.#dropStrangers(state)
    return departed
  }

  get needsSweep(): boolean {
    return (this.#table?.stale.size ?? 0) > 0
  }

  /** Takes out the slots that departed endpoints have left; some time after `put`. */
  async sweep(): Promise<void> {
    if (!this.#table || this.#options.clock.now() - this.#changedAt < this.#options.sweepDelayMs) return
    const { text, table } = sweep(this.#table)
    if (text === '') return
    try {
      await this.#nft(text)
      this.#table = table
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'the table is not as it was left')
      this.#table = undefined
    }
  }

  /** Looks whether the table is as it was left. @returns false when it is not, and `put` will reload it */
  async isAsLeft(): Promise<boolean> {
    if (!this.#table) return false
    const { clock } = this.#options
    const known = this.#print
    // A table that takes long to list is listed seldom; that it is still there is seen every time.
    if (known && clock.now() - known.at < known.tookMs / CHECK_SHARE)
      return this.#keep(await this.#hasChains())
    const startedAt = clock.now()
    const text = await this.#fingerprint()
    this.#lastTookMs = clock.now() - startedAt
    this.#print = { text, tookMs: this.#lastTookMs, at: clock.now() }
    return this.#keep(known === undefined || known.text === text)
  }

  /** Notes what the table looks like after a change; a table that is large waits for the next regular look. */
  async remember(): Promise<void> {
    if (!this.#print && this.#lastTookMs < QUICK_MS) await this.isAsLeft()
  }

  /** Whether there is a table of ours, left by an earlier agent perhaps. */
  async exists(): Promise<boolean> {
    const { stdout } = await this.#options.run('nft', ['list', 'tables', 'ip'])
    return stdout.split('\n').includes(`table ip ${TABLE}`)
  }

  /** Takes the table away: for leaving the cluster. */
  async remove(): Promise<void> {
    this.#table = undefined
    this.#print = undefined
    if (await this.exists()) await this.#nft(`delete table ip ${TABLE}\n`)
  }

  #hold({ table, departed, text }: Transition): readonly string[] {
    this.#table = table
    if (text !== '') this.#changedAt = this.#options.clock.now()
    return departed
  }

  #keep(asLeft: boolean): boolean {
    if (!asLeft) this.#table = this.#print = undefined
    return asLeft
  }

  async #nft(text: string): Promise<void> {
    this.#print = undefined
    await mustRun(this.#options.run, 'nft', ['-f', '-'], text)
  }

  /** A table of another version of ours, whose sets are of other types, cannot be mended: it is replaced at once. */
  async #reload(text: string): Promise<void> {
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
