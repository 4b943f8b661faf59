import { messageOf } from '@shoal/common'
import type { LiveState } from '@shoal/manager/state/index'
import { ManagerRun } from './manager-run.js'
import { SimProcess } from './process.js'
import type { World } from './world.js'

/** How long the supervisor waits before it starts a manager again, in milliseconds. */
const RESTART_MS = 500

/** One manager's place: its processes come and go. */
export class SimManager {
  readonly name: string
  readonly address: string
  readonly #world: World
  #run: ManagerRun | undefined
  #incarnation = 0
  #isGone = false

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
    this.address = `${name}:2377`
  }

  /** Its latest process. */
  get run(): ManagerRun | undefined {
    return this.#run
  }

  /** Whether its host is lost for good. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** The state, while this manager believes that it leads; a paused one believes so as well. */
  get leadingState(): LiveState | undefined {
    return this.#run?.process.isDead === false ? this.#run.leadingState : undefined
  }

  start(): void {
    const process = new SimProcess(`${this.name}/${++this.#incarnation}`, this.#world.clock)
    const run = new ManagerRun(this.#world, this, process)
    this.#run = run
    this.#world.network.listen(this.address, run)
    this.#world.trace.add(`${process.name} starts`)
    void run
      .live()
      .catch((error: unknown) => this.#world.trace.add(`${process.name} fails: ${messageOf(error)}`))
      .finally(() => this.#ended(run))
  }

  /** kill -9; the supervisor starts it again. */
  crash(restartAfterMs = RESTART_MS): void {
    const run = this.#run
    if (!run || run.process.isDead) return
    this.#world.trace.add(`${run.process.name} is killed`)
    this.#restartAfter(run, restartAfterMs)
  }

  /** Its host is lost, and nobody brings it back. */
  loseForGood(): void {
    this.#isGone = true
    this.#world.trace.add(`${this.name} is lost for good`)
    this.#run?.process.kill()
  }

  #ended(run: ManagerRun): void {
    if (run.process.isDead || this.#run !== run) return
    this.#world.trace.add(`${run.process.name} ends`)
    this.#restartAfter(run, RESTART_MS)
  }

  #restartAfter(run: ManagerRun, delayMs: number): void {
    run.process.kill()
    this.#world.clock.setTimer(delayMs, () => {
      if (this.#run === run && !this.#isGone) this.start()
    })
  }
}
