import { isRetryable, ShoalError, type Clock, type Logger } from '@shoal/common'
import type { AssignedTask, TaskAttachment } from '@shoal/engine-api'
import type { EngineNetwork, NetworkEngine } from '../executor/port.js'
import {
  carryOut,
  dropDevice,
  forgetAll,
  forgetUdp,
  TableKeeper,
  type Difference,
  type Run,
  type Watch,
} from './apply/index.js'
import type { Documents } from './documents.js'
import { EngineNetworks } from './engine-networks.js'
import { HostPorts } from './host-ports.js'
import { changeOf, KernelKeeper, type PlanChange } from './kernel-keeper.js'
import type { ObservedHost } from './observe/index.js'
import { planHost, planMemo, type HostPlan, type HostView, type KernelPlan } from './plan/index.js'

export interface PassOptions {
  readonly engine: NetworkEngine
  readonly tasks: () => Iterable<AssignedTask>
  readonly run: Run
  readonly watch: Watch
  /** Aborted when the kernel is not to be watched any more. */
  readonly ended: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  readonly sweepDelayMs: number
  /** Somebody else has changed something that the next pass puts right. */
  readonly onDamage: () => void
}

/** What a look has found; our table and the entries of peers have keepers that know. */
export interface Sight {
  readonly host: ObservedHost
  readonly networks: readonly EngineNetwork[]
  /** How often something had been done to the host when the look began. */
  readonly changes: number
}

interface Compared extends Difference {
  /** What the engine has; undefined when the host was not looked at. */
  readonly networks?: readonly EngineNetwork[]
  readonly plan: HostPlan
}

/**
 * One comparison of the host with its plan, and what follows from it. The order counts: networks and ways to peers come
 * before connections are led there, and go after. What a plan changes in our table alone needs no look at the host.
 */
export class Pass {
  readonly #options: PassOptions
  readonly #documents: Documents
  readonly #table: TableKeeper
  readonly #kernel: KernelKeeper
  readonly #networks: EngineNetworks
  readonly #hostPorts: HostPorts
  readonly #memo = planMemo()
  #isClean = false
  #changes = 0
  /** What the last pass that succeeded has put in force. */
  #done: { readonly plan: HostPlan; readonly view: HostView } | undefined

  constructor(options: PassOptions, documents: Documents) {
    this.#options = options
    this.#documents = documents
    this.#table = new TableKeeper(options)
    this.#kernel = new KernelKeeper(options)
    this.#networks = new EngineNetworks(options)
    this.#hostPorts = new HostPorts(options.run, options.log)
  }

  get needsSweep(): boolean {
    return this.#table.needsSweep
  }

  /** Whether the network is in force here, and the address is the task's own. */
  has({ NetworkID, Address }: TaskAttachment): boolean {
    const { plan, view } = this.#done ?? {}
    const isThere = [...(plan?.kernel.bridges.values() ?? [])].some(
      ({ networkId }) => networkId === NetworkID,
    )
    return isThere && view!.local.some((one) => one.networkId === NetworkID && one.address === Address)
  }

  /** Whether there is a network that the engine will have in a moment. */
  get isHeldUp(): boolean {
    return [...this.#networks.refusals.values()].some(isRetryable)
  }

  /** Why the engine would not have the network. */
  refusalOf(networkId: string): ShoalError | undefined {
    return this.#networks.refusals.get(networkId)
  }

  /**
   * Looks at the host, beside whatever passes there are meanwhile: for the next one.
   * @returns undefined while nothing has been put in force, and so nothing can be amiss
   * @throws ShoalError when a program is missing or fails
   */
  async look(): Promise<Sight | undefined> {
    if (!this.#done) return undefined
    const changes = this.#changes
    await this.#table.check()
    const networks = await this.#options.engine.listNetworks()
    return { host: await this.#kernel.see(this.#done.plan.kernel), networks, changes }
  }

  /**
   * @param sight what a look has found; `now` has everything looked at within this pass
   * @throws ShoalError when something could not be done; failed-precondition when a program is missing
   */
  async run(sight: Sight | 'now' | undefined): Promise<void> {
    const view = await this.#view()
    if (await this.#isIdle(view)) return
    if (sight === 'now') {
      this.#kernel.forget()
      await this.#table.check()
    }
    const { make, unmake, networks, plan } = await this.#compare(view, sight)
    const failures = await carryOut(make, this.#options.run)
    if (make.length > 0 && this.#done) this.#options.log.debug({ make }, 'the kernel is put right')
    const departed = await this.#table.put(plan.nft)
    await forgetUdp(this.#options.run, departed)
    failures.push(...(await carryOut(unmake, this.#options.run)))
    await forgetAll(this.#options.run, this.#vanished(plan, view))
    const removed = networks && (await this.#networks.removeOthers(needed(plan.kernel, view), networks))
    if (removed || make.length + unmake.length > 0) this.#changes++
    if (failures.length > 0) throw new ShoalError('internal', failures.join('; '))
    this.#kernel.put(plan.kernel)
    this.#done = { plan, view }
  }

  /** Notes what the table looks like after a change, so that another's change of it is seen. */
  async remember(): Promise<void> {
    if (this.#done) await this.#table.remember()
  }

  /** Takes everything away. @throws ShoalError when something is left */
  async remove(): Promise<void> {
    const { run, engine } = this.#options
    const nothing = { networks: new Map(), peers: new Map(), services: new Map(), local: [] }
    const { kernel } = planHost({ ...(await this.#view()), ...nothing }, planMemo())
    const listed = await engine.listNetworks()
    if (listed.length === 0 && !this.#done && !(await this.#table.exists())) return
    await this.#table.remove()
    this.#kernel.forget()
    const how = { change: 'more', look: true } as const
    const { unmake, make } = await this.#kernel.difference(await this.#kernel.see(kernel), kernel, how)
    const failures = await carryOut([...make, ...unmake], run)
    for (const { name, bridge } of listed) {
      await engine.removeNetwork(name)
      await dropDevice(run, bridge)
    }
    if (failures.length > 0) throw new ShoalError('internal', failures.join('; '))
  }

  /** Nothing to do, and nothing left by an earlier agent: a host without networks of the cluster is not touched. */
  async #isIdle(view: HostView): Promise<boolean> {
    if (this.#done || planHost(view, this.#memo).kernel.bridges.size > 0) return false
    this.#isClean ||= (await this.#options.engine.listNetworks()).length === 0
    return this.#isClean
  }

  async #view(): Promise<HostView> {
    const { networks, peers, services } = this.#documents
    const local = [...this.#options.tasks()].flatMap(({ Attachments = [] }) =>
      Attachments.map(({ NetworkID, Address }) => ({ networkId: NetworkID, address: Address })),
    )
    if (networks.size > 0 && !this.#kernel.hasSeen) await this.#kernel.see({ sysctls: new Map() })
    return {
      networks,
      peers,
      services,
      local,
      hostPorts: await this.#hostPorts.leftToHost(services),
      underlayMtu: (address) => this.#kernel.mtuOf(address),
    }
  }

  async #compare(view: HostView, sight: Sight | 'now' | undefined): Promise<Compared> {
    const wanted = planHost(view, this.#memo)
    const change = changeOf(this.#done?.plan.kernel, wanted.kernel)
    if (sight === undefined && change !== 'more') return this.#compareLittle(wanted, change)
    const isFresh = sight !== undefined && sight !== 'now' && sight.changes === this.#changes
    const seen = isFresh && change !== 'more' ? sight : undefined
    const networks = seen?.networks ?? (await this.#options.engine.listNetworks())
    const made = await this.#networks.ensure(wanted.kernel.bridges.values(), networks)
    if (made) {
      this.#kernel.forget()
      this.#changes++
    }
    const plan = this.#networks.refusals.size > 0 ? planHost(this.#withoutRefused(view), this.#memo) : wanted
    const host = seen && !made ? seen.host : await this.#kernel.see(plan.kernel)
    const found = await this.#kernel.difference(host, plan.kernel, { change, look: sight !== undefined })
    return { ...found, networks, plan }
  }

  async #compareLittle(plan: HostPlan, change: PlanChange): Promise<Compared> {
    if (change === 'nothing') return { make: [], unmake: [], plan }
    return { ...(await this.#kernel.peerDifference(plan.kernel)), plan }
  }

  #withoutRefused(view: HostView): HostView {
    const { refusals } = this.#networks
    return { ...view, networks: new Map([...view.networks].filter(([id]) => !refusals.has(id))) }
  }

  /** Addresses that were somebody's at the last pass and are nobody's now. */
  #vanished(plan: HostPlan, view: HostView): string[] {
    const before = this.#done
    if (!before) return []
    const isSame = before.plan.kernel.neighbours === plan.kernel.neighbours
    if (isSame && sameAddresses(before.view, view)) return []
    const now = addressesOf(plan, view)
    return [...addressesOf(before.plan, before.view)].filter((address) => !now.has(address))
  }
}

/** A network goes when neither documents nor containers need it. */
function needed({ bridges }: KernelPlan, { local }: HostView): Set<string> {
  return new Set([...bridges.values(), ...local].map(({ networkId }) => networkId))
}

function sameAddresses(before: HostView, now: HostView): boolean {
  const text = ({ local }: HostView): string => local.map(({ address }) => address).join(' ')
  return text(before) === text(now)
}

function addressesOf({ kernel }: HostPlan, { local }: HostView): Set<string> {
  return new Set([
    ...[...kernel.neighbours.keys()].map((key) => key.slice(key.indexOf(' ') + 1)),
    ...local.map(({ address }) => address),
  ])
}
