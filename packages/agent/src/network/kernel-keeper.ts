import { isDeepStrictEqual } from 'node:util'
import {
  difference,
  hasDevices,
  peerDifference,
  PeerEntries,
  type Difference,
  type WatchOptions,
  type Run,
} from './apply/index.js'
import { observeHost, type Device, type ObservedHost } from './observe/index.js'
import type { KernelPlan } from './plan/index.js'

const DEFAULT_MTU = 1500

/** How two plans differ: `peers` when it is in their entries alone. */
export type PlanChange = 'nothing' | 'peers' | 'more'

export function changeOf(from: KernelPlan | undefined, to: KernelPlan): PlanChange {
  if (!from) return 'more'
  const { forwarding, neighbours, ...rest } = to
  const { forwarding: forwardingBefore, neighbours: neighboursBefore, ...restBefore } = from
  if (!isDeepStrictEqual(restBefore, rest)) return 'more'
  return forwarding === forwardingBefore && neighbours === neighboursBefore ? 'nothing' : 'peers'
}

/** Compares the kernel, but for our table, with the plan, and knows what it looked like last. */
export class KernelKeeper {
  readonly #run: Run
  readonly #peers: PeerEntries
  /** What has been seen as a port of one of the planned bridges. */
  #ports: ReadonlyMap<string, string> = new Map()
  #devices: ReadonlyMap<string, Device> | undefined

  constructor(options: { readonly run: Run } & WatchOptions) {
    this.#run = options.run
    this.#peers = new PeerEntries(options)
  }

  /** @throws ShoalError when a program is missing or fails */
  async see({ sysctls }: Pick<KernelPlan, 'sysctls'>): Promise<ObservedHost> {
    const host = await observeHost(this.#run, sysctls.keys())
    this.#devices = host.devices
    return host
  }

  /**
   * What brings a host that was seen to the plan.
   * @param change how the plan differs from the one that was carried out last
   * @param look somebody else may have changed the entries of peers
   */
  async difference(
    host: ObservedHost,
    plan: KernelPlan,
    { change, look }: { readonly change: PlanChange; readonly look: boolean },
  ): Promise<Difference> {
    // A device that is not as it was left may have been made anew by somebody, without its entries.
    if (change !== 'more' && !hasDevices(host, plan)) this.#peers.forget()
    const observed = { ...host, ...(await this.#peers.known(look)) }
    const result = difference(observed, plan, this.#ports)
    this.#ports = portsOf(host.devices, this.#ports)
    return result
  }

  /** The same when nothing but peers have come or gone: with thousands of them the kernel is not read for it. */
  async peerDifference(plan: KernelPlan): Promise<Difference> {
    return peerDifference(await this.#peers.known(false), plan)
  }

  /** The kernel has been brought to the plan. */
  put(plan: KernelPlan): void {
    this.#peers.put(plan)
  }

  /** Nothing is sure any more. */
  forget(): void {
    this.#peers.forget()
  }

  /** @returns the MTU of the device that has an address, in bytes */
  mtuOf(address: string): number {
    for (const { addresses, mtu } of this.#devices?.values() ?? [])
      if (addresses.some((one) => one.startsWith(`${address}/`))) return mtu
    return DEFAULT_MTU
  }

  get hasSeen(): boolean {
    return this.#devices !== undefined
  }
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
