import { forwardingEvent, neighbourEvent, type PeerEvent } from './peer-events.js'
import { PAUSE_MS, type WatchOptions } from './watch.js'

const PROGRAMS = [
  { program: 'ip', args: ['-4', 'monitor', 'neigh'], read: neighbourEvent },
  { program: 'bridge', args: ['monitor', 'fdb'], read: forwardingEvent },
] as const

/** Has the kernel tell what becomes of the entries of peers, so that tens of thousands need not be listed for it. */
export class PeerWatch {
  readonly #options: WatchOptions
  readonly #onEvent: (event: PeerEvent) => void
  readonly #onLost: () => void
  readonly #running = new Set<string>()
  #startedAt = -Infinity

  /** @param onLost something was told that was not heard */
  constructor(options: WatchOptions, onEvent: (event: PeerEvent) => void, onLost: () => void) {
    this.#options = options
    this.#onEvent = onEvent
    this.#onLost = onLost
  }

  /** Whether everything is told. */
  get isOn(): boolean {
    return this.#running.size === PROGRAMS.length
  }

  /** Begins to watch, also again. */
  start(): void {
    const { clock, ended } = this.#options
    if (this.isOn || ended.aborted || clock.now() - this.#startedAt < PAUSE_MS) return
    this.#startedAt = clock.now()
    for (const one of PROGRAMS) if (!this.#running.has(one.program)) void this.#run(one)
  }

  async #run({ program, args, read }: (typeof PROGRAMS)[number]): Promise<void> {
    const onLine = (line: string): void => {
      const event = read(line)
      if (event) this.#onEvent(event)
    }
    this.#running.add(program)
    await this.#options.watch(program, args, { onLine, onLost: this.#onLost }, this.#options.ended)
    this.#running.delete(program)
    this.#onLost()
  }
}
