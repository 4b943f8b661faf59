import { INGRESS_BRIDGE, TABLE } from '../names.js'

/**
 * Marks of connections (and, for a moment, of packets). The upper byte says that they are ours, the rest which node
 * the connection came in through: the place of its gateway in the ingress subnet, 0 for this node.
 */
export const MARK = 0x4d000000
const MARK_MASK = '0xff000000'
/** The slot that was picked for a new connection is added to this. */
export const SLOT_MARK = 0x4d800000
/** A packet that stays within one network: DOCKER-USER lets it pass, whatever became of Docker's own rules. */
const WITHIN_MARK = '0x4da00000'

export const hex = (value: number): string => `0x${value.toString(16)}`

const DECLARATIONS = [
  // Virtual addresses: all of them, where each may be asked for, those with an endpoint, and how to get to one.
  'set vips { type ipv4_addr; }',
  'set vip_at { type ifname . ipv4_addr; }',
  'set vip_live { type ipv4_addr; }',
  'map vip_svc { type ipv4_addr : verdict; }',
  'map vip_be { type ipv4_addr . mark : ipv4_addr; }',
  // Published ports: those with an endpoint, those without, and how to get to one.
  'set pubs { type inet_proto . inet_service; }',
  'set pub_idle { type inet_proto . inet_service; }',
  'map pub_svc { type inet_proto . inet_service : verdict; }',
  'map pub_be { type inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
  // A container that is sent to itself has to hear from its gateway.
  'map self_gw { type ipv4_addr . ipv4_addr : ipv4_addr; }',
  // Our bridges, each with itself, those without a way out, and the addresses that this host has on them.
  'set bridges { type ifname; }',
  'set within { type ifname . ifname; }',
  'set internal { type ifname; }',
  'set gateways { type ipv4_addr; }',
  // Addresses of containers that are no task's, and who answers their questions of names on each bridge.
  'set plain { type ipv4_addr; }',
  'map resolvers { type ifname : ipv4_addr; }',
  // The hosts of the cluster, and where they send VXLAN packets to.
  'set nodes { type ipv4_addr; }',
  'set vxlan_ports { type inet_service; }',
  // By the MAC of its gateway on the ingress network: the node that a connection came in through.
  'map peer_mark { type ether_addr : mark; }',
  'map peer_zone { typeof ether saddr : ct zone; }',
]

/** Chains without a hook, then those with. Each priority is just before Docker's chains at the same hook. */
const CHAINS: Readonly<Record<string, string>> = {
  lb_vip: '',
  lb_pub: '',
  at_vip: '',
  to_ingress: '',
  raw_pre: 'type filter hook prerouting priority raw; policy accept;',
  raw_out: 'type filter hook output priority raw; policy accept;',
  mark_pre: 'type filter hook prerouting priority mangle; policy accept;',
  nat_pre: 'type nat hook prerouting priority dstnat - 10; policy accept;',
  nat_out: 'type nat hook output priority -110; policy accept;',
  nat_post: 'type nat hook postrouting priority srcnat - 10; policy accept;',
  forward: 'type filter hook forward priority filter - 10; policy accept;',
  mark_post: 'type filter hook postrouting priority srcnat + 10; policy accept;',
  input: 'type filter hook input priority filter - 10; policy accept;',
}

const ING = `"${INGRESS_BRIDGE}"`
const L4 = 'meta l4proto { tcp, udp }'
const OURS = `& ${MARK_MASK} == ${hex(MARK)}`
const DNS = `ip daddr @gateways ${L4} th dport 53`
const IDLE = 'fib daddr type local ct state new meta l4proto . th dport @pub_idle'

const RULES: readonly (readonly [chain: string, rule: string])[] = [
  ['lb_vip', 'dnat to ip daddr . meta mark map @vip_be'],
  [
    'lb_pub',
    `ct mark set ${hex(MARK)} ${L4} dnat ip addr . port to meta l4proto . th dport . meta mark map @pub_be`,
  ],
  // A VIP is asked for on its own network only. Translating it to itself keeps Docker's own chains from touching it.
  ['at_vip', `${L4} iifname . ip daddr @vip_at ip daddr vmap @vip_svc`],
  ['at_vip', 'dnat to ip daddr'],

  ['raw_pre', 'iifname != "lo" ip daddr 127.0.0.0/8 drop'],
  ['raw_pre', 'udp dport @vxlan_ports fib daddr type local ip saddr != @nodes drop'],
  ['raw_pre', 'udp dport @vxlan_ports fib daddr type local notrack'],
  ['raw_pre', `iifname ${ING} ct original zone set ether saddr map @peer_zone`],
  ['raw_out', 'udp dport @vxlan_ports ip daddr @nodes notrack'],

  ['mark_pre', `ct direction original ct state new iifname ${ING} ct mark set ether saddr map @peer_mark`],
  ['mark_pre', `ct direction reply ct mark ${OURS} meta mark set ct mark`],

  ['nat_pre', 'ip daddr @vips goto at_vip'],
  ['nat_pre', `${DNS} dnat to ip daddr`],
  // The engine was not told of us when a plain container was made: it asks whom the host asks.
  ['nat_pre', `ip saddr @plain ${L4} th dport 53 dnat to iifname map @resolvers`],
  ['nat_pre', 'iifname != @internal fib daddr type local meta l4proto . th dport vmap @pub_svc'],
  ['nat_out', `${L4} ip daddr vmap @vip_svc`],
  ['nat_out', `${DNS} accept`],
  ['nat_out', 'ip daddr != @vips fib daddr type local meta l4proto . th dport vmap @pub_svc'],

  ['nat_post', 'ct status dnat snat to ip saddr . ip daddr map @self_gw'],
  // The host itself, and other hosts as clients: their answers would go astray, for they are at home here as well.
  ['nat_post', `ct mark ${hex(MARK)} oifname ${ING} fib saddr type local jump to_ingress`],
  ['nat_post', `ct mark ${hex(MARK)} oifname ${ING} ip saddr @nodes jump to_ingress`],

  ['forward', `iifname . oifname @within meta mark set ${WITHIN_MARK}`],
  ['forward', 'oifname @bridges iifname . oifname != @within ct state new ct status & dnat == 0 drop'],
  // The VXLAN packet around it inherits a packet's mark, and would follow the route that the mark stands for.
  ['mark_post', `meta mark ${OURS} meta mark set 0`],

  // What gets here was not sent on. With an endpoint there, it is dropped: the client tries again.
  ['input', 'ip daddr @vip_live tcp flags & (syn | ack) == syn drop'],
  ['input', 'ip daddr @vips meta l4proto tcp reject with tcp reset'],
  ['input', 'ip daddr @vips meta l4proto udp reject'],
  ['input', `${DNS} accept`],
  ['input', 'fib daddr type local ct state new meta l4proto . th dport @pubs drop'],
  ['input', `${IDLE} meta l4proto tcp reject with tcp reset`],
  ['input', `${IDLE} reject`],
]

/** The chains of the skeleton: every other one in our table belongs to a service, or to nobody. */
export const SKELETON_CHAINS: ReadonlySet<string> = new Set(Object.keys(CHAINS))

/** Makes the table and its fixed part, or mends it where it stands: nothing is deleted, so no packet finds it missing. */
export function skeleton(): string {
  const chains = Object.entries(CHAINS)
  const lines = [
    `add table ip ${TABLE}`,
    ...DECLARATIONS.map((declaration) => {
      const [kind, name, ...rest] = declaration.split(' ')
      return `add ${kind} ip ${TABLE} ${name} ${rest.join(' ')}`
    }),
    ...chains.map(([name, hook]) => `add chain ip ${TABLE} ${name}${hook && ` { ${hook} }`}`),
    ...chains.map(([name]) => `flush chain ip ${TABLE} ${name}`),
    ...RULES.map(([chain, rule]) => `add rule ip ${TABLE} ${chain} ${rule}`),
  ]
  return `${lines.join('\n')}\n`
}
