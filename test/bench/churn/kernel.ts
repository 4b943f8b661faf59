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
}

/** Our table; what counts as left in it is said below. */
const TABLE = "nft -j list table ip shoal 2>/dev/null || echo '{}'"
/** The addresses of the cluster's nodes: they are known as long as the host is one of them. */
const NODES = 'nodes'

/** By the kind of thing: what there is of it. */
export type Inventory = Readonly<Record<string, readonly string[]>>

/** @throws Error when a host cannot be asked */
export async function inventoryOf({ name }: LabMachine): Promise<Inventory> {
  const entries = await Promise.all(
    Object.entries(LISTINGS).map(async ([kind, command]): Promise<[string, string[]]> => {
      const text = await answerOf(name, command)
      return [kind, text.split('\n').filter(Boolean)]
    }),
  )
  return { ...Object.fromEntries(entries), 'in our table': contentsOf(await answerOf(name, TABLE)) }
}

async function answerOf(host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await onHost(host, ['sh', '-c', command])
  if (code !== 0) throw new Error(`${host}: ${command}: ${stderr}`)
  return stdout
}

interface TableDocument {
  readonly nftables?: readonly {
    readonly set?: { readonly name: string; readonly elem?: readonly unknown[] }
    readonly map?: { readonly name: string; readonly elem?: readonly unknown[] }
    readonly chain?: { readonly name: string }
  }[]
}

/** Elements, and chains of services. The fixed part stays, without effect, as long as the host is in the cluster. */
function contentsOf(text: string): string[] {
  const { nftables = [] } = JSON.parse(text) as TableDocument
  return nftables.flatMap(({ set, map, chain }) => {
    const elements = set ?? map
    if (elements && elements.name !== NODES)
      return (elements.elem ?? []).map((element) => `${elements.name}: ${JSON.stringify(element)}`)
    return chain && /^[vp]_/u.test(chain.name) ? [`chain ${chain.name}`] : []
  })
}

/** What is there that was not there before, in words. */
export function additions(host: LabMachine, before: Inventory, after: Inventory): string[] {
  return Object.entries(after).flatMap(([kind, lines]) => {
    const known = new Set(before[kind])
    return lines.filter((line) => !known.has(line)).map((line) => `${host.name}: ${kind}: ${line.trim()}`)
  })
}
