import type { EndpointNetwork, EndpointSet } from '@shoal/engine-api'

type Entries<Value> = readonly (readonly [place: string, value: Value])[]

/** The key of a name or an address on a network. */
export function placeOf(networkId: string, nameOrAddress: string): string {
  return `${networkId}/${nameOrAddress}`
}

/**
 * What an endpoint set says of names, as Docker does: the service and its aliases stand for the VIP or, without one,
 * for the tasks; `tasks.<name>` always for the tasks; a task's name for itself. A name without a running task stays
 * known: nobody else is asked for it.
 */
export function addressesByName(set: EndpointSet): Entries<readonly string[]> {
  return set.Networks.flatMap((network) => {
    const { NetworkID, Aliases } = network
    const tasks = taskAddresses(set, NetworkID)
    const service = serviceAddresses(set, network, tasks)
    const names = new Map<string, readonly string[]>()
    for (const { Name, Addresses } of set.Endpoints) {
      const address = Addresses[NetworkID]
      if (address !== undefined) names.set(Name.toLowerCase(), [address])
    }
    for (const name of [...Aliases, set.ServiceName].map((name) => name.toLowerCase())) {
      names.set(name, service)
      names.set(`tasks.${name}`, tasks)
    }
    return [...names].map(([name, addresses]) => [placeOf(NetworkID, name), addresses] as const)
  })
}

function serviceAddresses(
  { Mode }: EndpointSet,
  { VirtualIP }: EndpointNetwork,
  tasks: readonly string[],
): readonly string[] {
  if (Mode === 'dnsrr') return tasks
  return VirtualIP === undefined ? [] : [VirtualIP]
}

function taskAddresses({ Endpoints }: EndpointSet, networkId: string): string[] {
  return Endpoints.flatMap(({ Addresses }) => Addresses[networkId] ?? [])
}

/** What an endpoint set says of addresses: a task's is the task's name, a VIP the service's. */
export function namesByAddress(set: EndpointSet): Entries<string> {
  return set.Networks.flatMap(({ NetworkID, VirtualIP }) => {
    const tasks = set.Endpoints.flatMap(({ Name, Addresses }) => {
      const address = Addresses[NetworkID]
      return address === undefined ? [] : [[placeOf(NetworkID, address), Name] as const]
    })
    return VirtualIP === undefined
      ? tasks
      : [...tasks, [placeOf(NetworkID, VirtualIP), set.ServiceName] as const]
  })
}
