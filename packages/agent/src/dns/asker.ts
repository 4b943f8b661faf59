import type { AssignedTask } from '@shoal/engine-api'

/** A container of this host, as the one who asks. */
export interface Asker {
  /** The networks that it is on, by ID, in its own order of preference. */
  readonly networks: readonly string[]
  /** The name servers of its own; none: those of the host. */
  readonly nameServers: readonly string[]
}

/** Which of this host's tasks has `address` on a network; when it has changed hands, the one that came last. */
export function askerAt(
  tasks: Iterable<AssignedTask>,
  networkId: string,
  address: string,
): Asker | undefined {
  let found: AssignedTask | undefined
  for (const task of tasks)
    if (task.Attachments?.some((one) => one.NetworkID === networkId && one.Address === address)) found = task
  return (
    found && {
      networks: found.Attachments!.map(({ NetworkID }) => NetworkID),
      nameServers: found.Spec.ContainerSpec?.DNSConfig?.Nameservers ?? [],
    }
  )
}
