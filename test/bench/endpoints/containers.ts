import { execFileSync } from 'node:child_process'
import type { Order, Report } from './container.js'
import { BRIDGE, CLIENT, inSubnet, LOCAL_ADDRESSES, VIP } from './documents.js'
import { InNamespace } from './namespace.js'

const PORT = 80

/** Two containers on the network of this host: one that has the addresses of all tasks here, and one that asks. */
export class Containers {
  readonly #tasks = new InNamespace<Order, Report>('container')
  readonly #client = new InNamespace<Order, Report>('container')

  /** When the network is in force. @throws Error */
  async join(): Promise<void> {
    await place(this.#tasks, 'veth-tasks', LOCAL_ADDRESSES)
    await place(this.#client, 'veth-client', [CLIENT])
  }

  /** @returns how long each of so many connections to the first service's VIP took, in milliseconds */
  async connect(times: number): Promise<readonly number[]> {
    const { tookMs, error } = await this.#client.tell({ connectTo: VIP, port: PORT, times })
    if (error !== undefined) throw new Error(error)
    return tookMs
  }
}

async function place(
  container: InNamespace<Order, Report>,
  device: string,
  addresses: readonly string[],
): Promise<void> {
  const peer = ['peer', 'name', 'eth0', 'netns', String(container.pid)]
  execFileSync('ip', ['link', 'add', device, 'type', 'veth', ...peer])
  execFileSync('ip', ['link', 'set', device, 'master', BRIDGE, 'up'])
  const { error } = await container.tell({ addresses: addresses.map(inSubnet), port: PORT })
  if (error !== undefined) throw new Error(error)
}
