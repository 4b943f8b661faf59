import { TABLE } from '../names.js'
import { PAUSE_MS, type WatchOptions } from './watch.js'

/** What a transaction of ours did not change is not told of: so long after it nothing is expected any more. */
const QUIET_MS = 1_000

const OF_OURS = new RegExp(`^\\w+ \\w+ ip ${TABLE}(?: |$)`, 'u')
/** What is ours in Docker's table, or leads there: in front of it or after it, every change may be in our way. */
const OF_FIREWALL = /^delete \w+ ip filter(?: (?:DOCKER-USER|FORWARD)(?: |$)|$)/u
const END_OF_TRANSACTION = '# new generation'
const LOST = /lost some netlink events/iu

export interface TableNews {
  /** Somebody else has changed our table. */
  readonly onForeign: () => void
  /** Somebody, perhaps we ourselves, has taken something out of where our rules among Docker's are. */
  readonly onFirewall: () => void
  /** Something was told that was not heard. */
  readonly onLost: () => void
  /** Somebody else has changed something, perhaps our table: `nft` could not say what. */
  readonly onUntold: () => void
}

/**
 * Has the kernel tell of every change of nftables. Our own come first, one transaction each and one at a time: a
 * transaction more than those on our table is somebody else's. (Who made it is told, too, but as a number that means
 * something else in a container.)
 */
export class TableWatch {
  readonly #options: WatchOptions
  readonly #news: TableNews
  /** Ends the program that runs. */
  #running: AbortController | undefined
  #startedAt = -Infinity
  /** Whether anything is known of the transaction that is being told of, and whether it has to do with our table. */
  #isTold = false
  #isOurTable = false
  #isFirewall = false
  /** Transactions on our table: ours, and those that were told. */
  #made = 0
  #told = 0
  #isBusy = false
  #lastAt = -Infinity

  constructor(options: WatchOptions, news: TableNews) {
    this.#options = options
    this.#news = news
  }

  /** Whether everything is told. */
  get isOn(): boolean {
    return this.#running !== undefined
  }

  /** Begins to watch, also again. */
  start(): void {
    const { watch, clock, ended } = this.#options
    if (this.isOn || ended.aborted || clock.now() - this.#startedAt < PAUSE_MS) return
    this.#startedAt = clock.now()
    // What was made before is told to nobody any more.
    if (!this.#isBusy) this.#made = this.#told
    this.#isTold = this.#isOurTable = this.#isFirewall = false
    const running = new AbortController()
    this.#running = running
    const onLine = (line: string): void => {
      if (this.#running === running) this.#hear(line)
    }
    const either = AbortSignal.any([ended, running.signal])
    void watch('nft', ['monitor'], { onLine, onLost: () => undefined }, either).then(() => {
      if (this.#running !== running) return
      this.#running = undefined
      this.#news.onLost()
    })
  }

  /** Ends the program until the next start, for a change so large that to be told of it would take seconds. */
  pause(): void {
    this.#running?.abort()
    this.#running = undefined
    this.#startedAt = -Infinity
  }

  /**
   * Makes a transaction of ours.
   * @throws what `make` throws, when there was none
   */
  async during(make: () => Promise<void>): Promise<void> {
    this.#isBusy = true
    try {
      await make()
      this.#made++
    } finally {
      this.#isBusy = false
      this.#lastAt = this.#options.clock.now()
      this.#compare()
    }
  }

  #hear(line: string): void {
    if (line.startsWith(END_OF_TRANSACTION)) return this.#end()
    if (LOST.test(line)) {
      this.#isOurTable = false
      this.#news.onLost()
    }
    this.#isTold = true
    if (OF_OURS.test(line)) this.#isOurTable = true
    else if (OF_FIREWALL.test(line)) this.#isFirewall = true
  }

  /**
   * `nft` keeps a copy of the sets to tell of their elements, and loses track of it at times: of a transaction that has
   * changed nothing else only the end is told then.
   */
  #end(): void {
    const [isTold, isOurTable, isFirewall] = [this.#isTold, this.#isOurTable, this.#isFirewall]
    this.#isTold = this.#isOurTable = this.#isFirewall = false
    if (isFirewall) this.#news.onFirewall()
    if (isTold && !isOurTable) return
    this.#expectNoneAfterQuiet()
    const isOneExpected = this.#isBusy || this.#told < this.#made
    if (isOurTable || isOneExpected) this.#count()
    else this.#news.onUntold()
  }

  #count(): void {
    this.#told++
    this.#lastAt = this.#options.clock.now()
    if (!this.#isBusy) this.#compare()
  }

  /** What is told after that is nothing of ours. */
  #expectNoneAfterQuiet(): void {
    if (!this.#isBusy && this.#options.clock.now() - this.#lastAt >= QUIET_MS) this.#made = this.#told
  }

  #compare(): void {
    if (this.#told <= this.#made) return
    this.#made = this.#told
    this.#news.onForeign()
  }
}
