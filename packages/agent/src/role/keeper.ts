import { type Clock, jittered, type Logger, type Random, sleep } from '@shoal/common'
import type { NodeRole__Output } from '@shoal/proto'
import { decideRole, type HostRole, type RolePlan } from './decide.js'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

type Steps = {
  readonly [Type in RolePlan['type']]: (plan: Extract<RolePlan, { type: Type }>) => Promise<void>
}

export interface RoleKeeperOptions {
  /** What this host is now. */
  readonly look: () => HostRole
  /** Carry one step out each. A step that fails is tried again, unless the wish has changed meanwhile. */
  readonly steps: Omit<Steps, 'rest'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Brings this host to the role that it was last told. Invariant: one step at a time. */
export class RoleKeeper {
  readonly #options: RoleKeeperOptions
  #wanted: NodeRole__Output | undefined
  #told = new AbortController()

  constructor(options: RoleKeeperOptions) {
    this.#options = options
  }

  /** What this host is to be from now on. */
  want(role: NodeRole__Output): void {
    this.#wanted = role
    this.#told.abort()
  }

  /** Works until `signal` aborts; a step that is under way then is not waited for. It never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    for (let failures = 0; !signal.aborted;) {
      this.#told = new AbortController()
      const outcome = await this.#step(signal)
      failures = outcome === 'failed' ? failures + 1 : 0
      if (outcome === 'done') continue
      const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS)
      const news = AbortSignal.any([signal, this.#told.signal])
      if (outcome === 'failed') await sleep(clock, jittered(random, pauseMs), news)
      else await untilAborted(news)
    }
  }

  async #step(signal: AbortSignal): Promise<'rest' | 'done' | 'failed'> {
    const { log } = this.#options
    const plan = this.#next()
    if (plan.type === 'rest') return 'rest'
    try {
      log.info({ step: plan.type }, "this node's role has changed")
      await Promise.race([this.#carryOut(plan), untilAborted(signal)])
      if (this.#next().type !== plan.type) return 'done'
      log.warn({ step: plan.type }, "a step to this node's role has changed nothing, trying again")
      return 'failed'
    } catch (error) {
      log.error({ err: error, step: plan.type }, "this node's role could not be taken, trying again")
      return 'failed'
    }
  }

  #next(): RolePlan {
    const { look } = this.#options
    return this.#wanted ? decideRole(this.#wanted, look()) : { type: 'rest' }
  }

  #carryOut(plan: Exclude<RolePlan, { type: 'rest' }>): Promise<void> {
    const { steps } = this.#options
    switch (plan.type) {
      case 'start-manager':
        return steps['start-manager'](plan)
      case 'end-manager':
        return steps['end-manager'](plan)
      case 'renew-certificate':
        return steps['renew-certificate'](plan)
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
