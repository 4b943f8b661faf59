import { type LabMachine, onHost } from '@shoal/lab'

/** What a host has of anything that the network of a cluster leaves there, one line each, whatever program lists it. */
const LISTINGS: Readonly<Record<string, string>> = {
  device: "ip -o link show | cut -d: -f2 | cut -d@ -f1 | tr -d ' '",
  neighbour: "ip neigh show nud permanent | cut -d' ' -f1-5",
  'forwarding entry': "bridge fdb show | grep -E 'sx-|sb-|shoal' || true",
  'policy rule': 'ip rule show',
  route: 'ip route show table all proto 84',
  'firewall rule': 'iptables -S',
  network: "docker network ls --format '{{.Name}}'",
  container: "docker ps -a --format '{{.Names}}'",
  // Elements of our table, and chains of services; the table itself stays as long as the host is of the cluster.
  element:
    'nft list table ip shoal 2>/dev/null | grep -E "elements|^\\s+[0-9\\"t].*[:,]|chain [vp]_" || true',
}

/** By the kind of thing: what there is of it. */
export type Inventory = Readonly<Record<string, readonly string[]>>

/** @throws Error when a host cannot be asked */
export async function inventoryOf({ name }: LabMachine): Promise<Inventory> {
  const entries = await Promise.all(
    Object.entries(LISTINGS).map(async ([kind, command]): Promise<[string, string[]]> => {
      const { code, stdout, stderr } = await onHost(name, ['sh', '-c', command])
      if (code !== 0) throw new Error(`${name}: ${command}: ${stderr}`)
      return [kind, stdout.split('\n').filter(Boolean)]
    }),
  )
  return Object.fromEntries(entries)
}

/** What is there that was not there before, in words. */
export function additions(host: LabMachine, before: Inventory, after: Inventory): string[] {
  return Object.entries(after).flatMap(([kind, lines]) => {
    const known = new Set(before[kind])
    return lines.filter((line) => !known.has(line)).map((line) => `${host.name}: ${kind}: ${line.trim()}`)
  })
}
