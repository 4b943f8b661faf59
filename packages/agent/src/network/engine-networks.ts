import { isDeepStrictEqual } from 'node:util'
import { isRetryable, messageOf, ShoalError, type Logger } from '@shoal/common'
import type { EngineNetwork, NetworkEngine } from '../executor/port.js'
import { dropDevice, type Run } from './apply/index.js'
import type { BridgePlan } from './plan/index.js'

export interface EngineNetworksOptions {
  readonly engine: NetworkEngine
  readonly run: Run
  readonly log: Logger
}

/** The engine's own networks of this host, which stand for the cluster's. One that is refused does not hold up others. */
export class EngineNetworks {
  readonly #options: EngineNetworksOptions
  readonly #refusals = new Map<string, ShoalError>()

  constructor(options: EngineNetworksOptions) {
    this.#options = options
  }

  /** The networks that the engine would not have, by their IDs, and why. */
  get refusals(): ReadonlyMap<string, ShoalError> {
    return this.#refusals
  }

  /**
   * Makes what is planned and not there.
   * @param listed what the engine has
   * @returns whether something was made
   * @throws ShoalError when the engine cannot be asked now
   */
  async ensure(plans: Iterable<BridgePlan>, listed: readonly EngineNetwork[]): Promise<boolean> {
    const bridges = [...plans]
    const planned = new Set(bridges.map(({ networkId }) => networkId))
    for (const id of this.#refusals.keys()) if (!planned.has(id)) this.#refusals.delete(id)
    let made = false
    for (const plan of bridges) {
      const wanted = toEngineNetwork(plan)
      const isThere = listed.some((network) => isDeepStrictEqual(network, wanted))
      const refusal = isThere ? undefined : await this.#refusalOf(wanted)
      made ||= !isThere && refusal === undefined
      if (refusal === undefined) this.#refusals.delete(plan.networkId)
      else this.#refuse(plan, refusal, leaving(wanted, listed, planned))
    }
    return made
  }

  /**
   * Removes those that nobody needs; one that a container is still on stays for now.
   * @returns whether something was removed
   */
  async removeOthers(needed: ReadonlySet<string>, listed: readonly EngineNetwork[]): Promise<boolean> {
    const { engine, run, log } = this.#options
    let removed = false
    for (const { name, networkId, bridge } of listed) {
      if (needed.has(networkId) || this.#refusals.has(networkId)) continue
      try {
        await engine.removeNetwork(name)
        await dropDevice(run, bridge)
        removed = true
      } catch (error) {
        log.debug({ network: name, reason: messageOf(error) }, 'a network has to stay for now')
      }
    }
    return removed
  }

  async #refusalOf(wanted: EngineNetwork): Promise<ShoalError | undefined> {
    try {
      await this.#options.engine.ensureNetwork(wanted)
      return undefined
    } catch (error) {
      if (isRetryable(error) || !(error instanceof ShoalError)) throw error
      return error
    }
  }

  #refuse({ networkId, label }: BridgePlan, error: ShoalError, earlier: EngineNetwork | undefined): void {
    if (!this.#refusals.has(networkId))
      this.#options.log.warn({ network: label, reason: messageOf(error) }, 'the engine refuses a network')
    this.#refusals.set(networkId, earlier ? stillThere(label, earlier, error) : error)
  }
}

/** The network that nobody wants any more and that has the subnet. */
function leaving(
  { subnet }: EngineNetwork,
  listed: readonly EngineNetwork[],
  planned: ReadonlySet<string>,
): EngineNetwork | undefined {
  return listed.find((one) => !planned.has(one.networkId) && one.subnet === subnet)
}

/** A network of ours that was removed, and whose subnet another one has by now, goes in a moment: tasks wait. */
function stillThere(label: string, { subnet }: EngineNetwork, error: ShoalError): ShoalError {
  return new ShoalError(
    'unavailable',
    `network ${label}: an earlier network with the subnet ${subnet} is about to go`,
    error,
  )
}

function toEngineNetwork(plan: BridgePlan): EngineNetwork {
  const { engineNetwork: name, networkId, bridge, subnet, gateway, mtu, internal, ipRange } = plan
  const range = ipRange === undefined ? {} : { ipRange }
  return { name, networkId, bridge, subnet, gateway, mtu, internal, ...range }
}
