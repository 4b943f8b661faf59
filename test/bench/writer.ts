/** What a manager, or a Docker Engine, answers to one request. */
export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** Sends one request of the Engine API. @throws Error when there is no answer at all */
export type Ask = (method: string, path: string, body?: object) => Promise<Reply>

/** After a refusal, so that asking again does not take the processor from those that are to answer. */
const AFTER_REFUSAL_MS = 5

/**
 * A client that writes without a pause: it creates services without tasks and removes them again. What counts is when
 * a write was begun that was accepted.
 */
export class Writer {
  readonly #ask: Ask
  readonly #label: string
  readonly #done: Promise<void>
  #stopped = false
  #count = 0
  #onAccepted: (beganMs: number) => void = () => undefined

  /** Begins at once. @param label begins the services' names: no two writers may share it */
  constructor(ask: Ask, label: string) {
    this.#ask = ask
    this.#label = label
    this.#done = this.#run()
  }

  /**
   * Waits for a write that is begun after `sinceMs` and accepted.
   * @param sinceMs milliseconds since the epoch
   * @returns how many milliseconds after `sinceMs` it was answered
   * @throws Error when none is within `patienceMs` milliseconds
   */
  firstAfter(sinceMs: number, patienceMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no write was accepted within ${patienceMs / 1000} seconds`)),
        patienceMs,
      )
      this.#onAccepted = (beganMs) => {
        if (beganMs < sinceMs) return
        clearTimeout(timer)
        resolve(Date.now() - sinceMs)
      }
    })
  }

  /** Ends when the request that is under way has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const name = `${this.#label}-${++this.#count}`
      if (await this.#write('POST', '/services/create', emptyService(name)))
        await this.#write('DELETE', `/services/${name}`)
    }
  }

  /** @returns whether it was accepted */
  async #write(method: string, path: string, body?: object): Promise<boolean> {
    const beganMs = Date.now()
    const reply = await this.#ask(method, path, body).catch(() => undefined)
    if (reply && reply.status >= 200 && reply.status < 300) {
      this.#onAccepted(beganMs)
      return true
    }
    await new Promise((resolve) => {
      setTimeout(resolve, AFTER_REFUSAL_MS)
    })
    return false
  }
}

const emptyService = (Name: string): object => ({
  Name,
  TaskTemplate: { ContainerSpec: { Image: 'shoal-busybox:1' } },
  Mode: { Replicated: { Replicas: 0 } },
})
