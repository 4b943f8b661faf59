import { type LabMachine, mustRun, onHost } from '@shoal/lab'
import type { Task } from '@shoal/engine-api'
import { addressesOf, type ChurnedCluster } from './cluster.js'
import type { Incarnation } from './services.js'
import { nameOf } from './services.js'

/**
 * What hosts tell of tasks that there are no more, while others run: entries of neighbours, endpoints of our table, and
 * names.
 * @param every address that a task has had
 */
export async function staleOf(
  cluster: ChurnedCluster,
  running: readonly Task[],
  services: readonly Incarnation[],
  every: ReadonlySet<string>,
): Promise<string[]> {
  // What a task has had may be the VIP of a service by now.
  const now = new Set([...running.flatMap(addressesOf).map(bare), ...(await cluster.virtualAddresses())])
  const gone = new Set([...every].map(bare).filter((address) => !now.has(address)))
  const kernels = await Promise.all(cluster.hosts.map((host) => staleInKernel(host, gone)))
  const names = await Promise.all(services.map((service) => staleNames(cluster, running, service)))
  return [...kernels, ...names].flat()
}

/** Without its network. */
const bare = (address: string): string => address.split(' ')[1]!

async function staleInKernel({ name }: LabMachine, gone: ReadonlySet<string>): Promise<string[]> {
  const neighbours = await mustRun(name, ['ip', 'neigh', 'show', 'nud', 'permanent'])
  const table = await mustRun(name, ['nft', 'list', 'table', 'ip', 'shoal'])
  const found = (text: string, what: string): string[] =>
    [...new Set(text.match(/\d+\.\d+\.\d+\.\d+/gu))]
      .filter((address) => gone.has(address))
      .map((address) => `${name}: ${what}: ${address} is nobody's`)
  return [...found(neighbours, 'neighbour'), ...found(table, 'endpoint')]
}

/** Asks for the tasks of a service from within one of them. */
async function staleNames(
  cluster: ChurnedCluster,
  running: readonly Task[],
  service: Incarnation,
): Promise<string[]> {
  const name = nameOf(service)
  for (const host of cluster.hosts) {
    const list = ['docker', 'ps', '-q', '--filter', `name=${name}.`]
    const id = (await mustRun(host.name, list)).split('\n')[0]
    if (!id) continue
    const { stdout } = await onHost(host.name, ['docker', 'exec', id, 'nslookup', `tasks.${name}`])
    const answer = stdout
      .split(/^Name:/mu)
      .slice(1)
      .join('\n')
    const told = new Set(answer.match(/\d+\.\d+\.\d+\.\d+/gu))
    const right = new Set(running.flatMap(addressesOf).map(bare))
    return [...told]
      .filter((address) => !right.has(address))
      .map((address) => `${host.name}: name: tasks.${name} is ${address}, which is nobody's`)
  }
  return []
}
