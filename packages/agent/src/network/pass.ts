import { isDeepStrictEqual } from 'node:util'
import { isRetryable, messageOf, ShoalError, type Clock, type Logger } from '@shoal/common'
import type { AssignedTask, TaskAttachment } from '@shoal/engine-api'
import type { EngineNetwork, NetworkEngine } from '../executor/port.js'
import {
  carryOut,
  difference,
  dropDevice,
  forgetAll,
  forgetUdp,
  TableKeeper,
  type Difference,
  type Run,
} from './apply/index.js'
import type { Documents } from './documents.js'
import { HostPorts } from './host-ports.js'
import { observe, type Device } from './observe/index.js'
import { planHost, type BalancerMemo, type HostPlan, type HostView, type KernelPlan } from './plan/index.js'

const DEFAULT_MTU = 1500

export interface PassOptions {
  readonly engine: NetworkEngine
  readonly tasks: () => Iterable<AssignedTask>
  readonly run: Run
  readonly clock: Clock
  readonly log: Logger
  readonly sweepDelayMs: number
}

const NO_DIFFERENCE: Difference = { make: [], unmake: [] }

/**
 * One comparison of the host with its plan, and what follows from it. The order counts: networks and ways to peers come
 * before connections are led there, and go after.
 */
export class Pass {
  readonly #options: PassOptions
  readonly #documents: Documents
  readonly #keeper: TableKeeper
  readonly #hostPorts: HostPorts
  readonly #memo: BalancerMemo = new Map()
  readonly #refusals = new Map<string, ShoalError>()
  #isClean = false
  /** What has been seen as a port of one of the planned bridges. */
  #ports: ReadonlyMap<string, string> = new Map()
  #devices: ReadonlyMap<string, Device> | undefined
  /** What the last pass that succeeded has put in force. */
  #done: { readonly plan: HostPlan; readonly view: HostView } | undefined

  constructor(options: PassOptions, documents: Documents) {
    this.#options = options
    this.#documents = documents
    this.#keeper = new TableKeeper(options)
    this.#hostPorts = new HostPorts(options.run, options.log)
  }

  get needsSweep(): boolean {
    return this.#keeper.needsSweep
  }

  /** Whether the network is in force here, and the address is the task's own. */
  has({ NetworkID, Address }: TaskAttachment): boolean {
    const { plan, view } = this.#done ?? {}
    const isThere = [...(plan?.kernel.bridges.values() ?? [])].some(
      ({ networkId }) => networkId === NetworkID,
    )
    return isThere && view!.local.some((one) => one.networkId === NetworkID && one.address === Address)
  }

  /** Why the engine would not have the network. */
  refusalOf(networkId: string): ShoalError | undefined {
    return this.#refusals.get(networkId)
  }

  /**
   * @param look the kernel is looked at even if the plan says nothing new
   * @throws ShoalError when something could not be done; failed-precondition when a program is missing
   */
  async run(look: boolean): Promise<void> {
    const view = await this.#view()
    if (await this.#isIdle(view)) return
    const wanted = planHost(view, this.#memo)
    if (look) await this.#keeper.isAsLeft()
    const compare = look || !isDeepStrictEqual(this.#done?.plan.kernel, wanted.kernel)
    const networks = compare ? await this.#ensureNetworks(wanted.kernel) : []
    const plan = this.#refusals.size > 0 ? planHost(this.#withoutRefused(view), this.#memo) : wanted
    const { make, unmake } = compare ? await this.#difference(plan.kernel) : NO_DIFFERENCE
    const failures = await carryOut(make, this.#options.run)
    if (make.length > 0 && this.#done) this.#options.log.debug({ make }, 'the kernel is put right')
    await this.#keeper.sweep()
    const departed = await this.#keeper.put(plan.nft)
    await forgetUdp(this.#options.run, departed)
    failures.push(...(await carryOut(unmake, this.#options.run)))
    await forgetAll(this.#options.run, this.#vanished(plan, view))
    await this.#removeNetworks(networks, plan.kernel, view)
    if (failures.length > 0) throw new ShoalError('internal', failures.join('; '))
    this.#done = { plan, view }
  }

  /** Notes what the table looks like after a change, so that another's change of it is seen. */
  async remember(): Promise<void> {
    if (this.#done) await this.#keeper.remember()
  }

  /** Takes everything away. @throws ShoalError when something is left */
  async remove(): Promise<void> {
    const { run, engine } = this.#options
    const view = {
      ...(await this.#view()),
      networks: new Map(),
      peers: new Map(),
      services: new Map(),
      local: [],
    }
    const { kernel } = planHost(view, new Map())
    const listed = await engine.listNetworks()
    if (listed.length === 0 && !this.#done && !(await this.#keeper.exists())) return
    await this.#keeper.remove()
    const { unmake, make } = await this.#difference(kernel)
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
    if (networks.size > 0 && !this.#devices) this.#devices = (await observe(this.#options.run, [])).devices
    return {
      networks: new Map(networks),
      peers,
      services,
      local,
      hostPorts: await this.#hostPorts.leftToHost(services.values()),
      underlayMtu: (address) => this.#mtuOf(address),
    }
  }

  #mtuOf(address: string): number {
    for (const { addresses, mtu } of this.#devices?.values() ?? [])
      if (addresses.some((one) => one.startsWith(`${address}/`))) return mtu
    return DEFAULT_MTU
  }

  #withoutRefused(view: HostView): HostView {
    return { ...view, networks: new Map([...view.networks].filter(([id]) => !this.#refusals.has(id))) }
  }

  /** @returns what the engine has. A network that it refuses does not keep the others from being made. */
  async #ensureNetworks({ bridges }: KernelPlan): Promise<EngineNetwork[]> {
    const { engine, log } = this.#options
    const listed = await engine.listNetworks()
    const planned = new Set([...bridges.values()].map(({ networkId }) => networkId))
    for (const id of this.#refusals.keys()) if (!planned.has(id)) this.#refusals.delete(id)
    for (const plan of bridges.values()) {
      const wanted = toEngineNetwork(plan)
      if (listed.some((network) => isDeepStrictEqual(network, wanted))) {
        this.#refusals.delete(plan.networkId)
        continue
      }
      try {
        await engine.ensureNetwork(wanted)
        this.#refusals.delete(plan.networkId)
      } catch (error) {
        if (isRetryable(error) || !(error instanceof ShoalError)) throw error
        const leaving = listed.find((one) => !planned.has(one.networkId) && one.subnet === wanted.subnet)
        if (!this.#refusals.has(plan.networkId))
          log.warn({ network: plan.label, reason: messageOf(error) }, 'the engine refuses a network')
        this.#refusals.set(plan.networkId, leaving ? stillThere(plan.label, leaving, error) : error)
      }
    }
    return listed
  }

  async #difference(plan: KernelPlan): Promise<Difference> {
    const observed = await observe(this.#options.run, plan.sysctls.keys())
    this.#devices = observed.devices
    const result = difference(observed, plan, this.#ports)
    this.#ports = portsOf(observed.devices, this.#ports)
    return result
  }

  /** Addresses that were somebody's at the last pass and are nobody's now. */
  #vanished(plan: HostPlan, view: HostView): string[] {
    if (!this.#done) return []
    const now = addressesOf(plan, view)
    return [...addressesOf(this.#done.plan, this.#done.view)].filter((address) => !now.has(address))
  }

  /** A network goes when neither documents nor containers need it. */
  async #removeNetworks(listed: readonly EngineNetwork[], plan: KernelPlan, view: HostView): Promise<void> {
    const needed = new Set([
      ...[...plan.bridges.values()].map(({ networkId }) => networkId),
      ...view.local.map(({ networkId }) => networkId),
      ...this.#refusals.keys(),
    ])
    for (const { name, networkId, bridge } of listed) {
      if (needed.has(networkId)) continue
      try {
        await this.#options.engine.removeNetwork(name)
        await dropDevice(this.#options.run, bridge)
      } catch (error) {
        this.#options.log.debug({ network: name, reason: messageOf(error) }, 'a network has to stay for now')
      }
    }
  }
}

/** A network of ours that was removed, and whose subnet another one has by now, goes in a moment: tasks wait. */
function stillThere(label: string, { subnet }: EngineNetwork, error: ShoalError): ShoalError {
  return new ShoalError(
    'unavailable',
    `network ${label}: an earlier network with the subnet ${subnet} is about to go`,
    error,
  )
}

function toEngineNetwork(
  plan: KernelPlan['bridges'] extends ReadonlyMap<string, infer B> ? B : never,
): EngineNetwork {
  const { engineNetwork: name, networkId, bridge, subnet, gateway, mtu, internal, ipRange } = plan
  const range = ipRange === undefined ? {} : { ipRange }
  return { name, networkId, bridge, subnet, gateway, mtu, internal, ...range }
}

/** A port that has lost its bridge is remembered as long as the device is there. */
function portsOf(
  devices: ReadonlyMap<string, Device>,
  known: ReadonlyMap<string, string>,
): Map<string, string> {
  return new Map(
    [...devices].flatMap(([name, { master = known.get(name) }]) =>
      master === undefined ? [] : [[name, master] as const],
    ),
  )
}

function addressesOf({ kernel }: HostPlan, { local }: HostView): Set<string> {
  return new Set([
    ...[...kernel.neighbours.keys()].map((key) => key.split(' ')[1]!),
    ...local.map(({ address }) => address),
  ])
}
