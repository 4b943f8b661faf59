import { get } from 'node:http'
import { type Incarnation, nameOf, portOf } from './services.js'

const PAUSE_MS = 50
const TIMEOUT_MS = 2_000

/**
 * Asks for whoever is in a place, through every host in turn. Who answers must be in that place, or, when the question
 * was asked before the one there now came, have been there then.
 */
export class Prober {
  readonly #addresses: readonly string[]
  readonly #places = new Map<number, Incarnation>()
  readonly wrong: string[] = []
  answered = 0
  failed = 0
  #isOver = false
  #work: Promise<void> = Promise.resolve()

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses
  }

  /** The service has been created: from now on nobody of an earlier one may answer. */
  begins(incarnation: Incarnation): void {
    this.#places.set(incarnation.place, incarnation)
  }

  begin(): void {
    this.#work = this.#probe()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#work
  }

  async #probe(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const places = [...this.#places.values()]
      const asked = places[turn % Math.max(1, places.length)]
      const address = this.#addresses[Math.floor(turn / Math.max(1, places.length)) % this.#addresses.length]!
      if (asked) await this.#ask(asked, address)
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS)
      })
    }
  }

  async #ask(asked: Incarnation, address: string): Promise<void> {
    const answer = await answerOf(`http://${address}:${portOf(asked.place)}/`)
    if (answer === undefined) {
      this.failed++
      return
    }
    this.answered++
    // While it was on its way, somebody else may have come.
    const now = this.#places.get(asked.place) ?? asked
    const allowed = [asked, now, { ...now, number: now.number + 1 }].map(nameOf)
    if (!allowed.includes(answer))
      this.wrong.push(`${nameOf(asked)} was asked for at ${address}, ${answer} answered`)
  }
}

/** @returns undefined when there is none: services come and go, and are without tasks at times */
function answerOf(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : undefined))
      response.on('error', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
