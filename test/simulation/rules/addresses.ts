import { isTerminal } from '@shoal/common'
import type { NetworkAttachment } from '@shoal/engine-api'
import { parseSubnet, formatIpv4 } from '@shoal/engine-api'
import type { Change } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import { NETWORKS } from '../layout.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

const RULE = 'no address is given twice'

/**
 * An address of a network belongs to one task, node or service, until that has ended: also while its container
 * stops. Nobody gets the ends of a subnet or its gateway.
 */
export function addressesRule(world: World): Rule {
  const { truth } = world
  const taken = new Map<string, string>()
  const free = (holder: string, addresses: readonly string[]): void => {
    for (const address of addresses) if (taken.get(address) === holder) taken.delete(address)
  }
  const take = (holder: string, addresses: readonly string[]): void => {
    for (const address of addresses) {
      const other = RESERVED.has(address) ? 'nobody' : taken.get(address)
      if (other !== undefined && other !== holder)
        world.violate(RULE, `${address} belongs to ${other}, and is given to ${holder}`)
      taken.set(address, holder)
    }
  }
  return {
    onWrite(changes) {
      for (const change of changes)
        free(holderOf(change), held({ ...change, after: change.before } as Change))
      for (const change of changes) take(holderOf(change), held(change))
    },
    onStart(_nodeId, { ID }) {
      const task = truth.task(ID)
      if (!task || truth.wasLost(task)) return
      const own = new Set(addressesOf(task.NetworksAttachments))
      for (const host of world.hosts) {
        for (const other of host.engine.running.keys()) {
          const beside = other === ID ? undefined : truth.task(other)
          if (!beside || truth.wasLost(beside)) continue
          if (addressesOf(beside.NetworksAttachments).some((address) => own.has(address)))
            world.violate(RULE, `two containers have it: ${describeTask(task)} | ${describeTask(beside)}`)
        }
      }
    },
  }
}

/** `<network>/<address>` of what nobody may get. */
const RESERVED: ReadonlySet<string> = new Set(
  Object.entries(NETWORKS).flatMap(([id, text]) => {
    const subnet = parseSubnet(text)
    return subnet
      ? [subnet.first, subnet.first + 1, subnet.last].map((one) => `${id}/${formatIpv4(one)}`)
      : []
  }),
)

function holderOf(change: Change): string {
  return `${change.kind} ${(change.after ?? change.before)?.ID}`
}

function held({ kind, after }: Change): string[] {
  if (kind === 'gateway') return after ? [`${after.NetworkID}/${after.Address}`] : []
  if (kind === 'task')
    return after && !isTerminal(after.Status.State) ? addressesOf(after.NetworksAttachments) : []
  if (kind !== 'service') return []
  return (after?.Endpoint.VirtualIPs ?? []).map(({ NetworkID, Addr }) => `${NetworkID}/${bare(Addr)}`)
}

function addressesOf(attachments: readonly NetworkAttachment[] = []): string[] {
  return attachments.flatMap(({ Network, Addresses }) =>
    Addresses.map((text) => `${Network.ID}/${bare(text)}`),
  )
}

/** Without the length of its prefix. */
function bare(address: string | undefined = ''): string {
  return address.split('/')[0] ?? ''
}
