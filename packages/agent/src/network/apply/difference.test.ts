import { describe, expect, test } from 'vitest'
import type { Device, Observed } from '../observe/index.js'
import { planHost, planMemo, type KernelPlan } from '../plan/index.js'
import { aNetwork, anIngress, aPeer, aView } from '../testing/documents.js'
import { difference } from './difference.js'
import type { Step } from './steps.js'

const front = aNetwork()
const ingress = anIngress()
const peers = [aPeer(front, '10.0.1.7'), aPeer(ingress, '10.0.0.3', { Gateway: true })]
const local = [{ networkId: ingress.ID, address: '10.0.0.9' }]
const { kernel: plan } = planHost(aView([front, ingress], { peers, local }), planMemo())
const { kernel: nothing } = planHost(aView([]), planMemo())

const FIREWALL = {
  forward: ['-A FORWARD -j DOCKER-USER', '-A FORWARD -j DOCKER-ISOLATION-STAGE-1'],
  user: [
    '-A DOCKER-USER -s 10.9.9.9/32 -j DROP',
    '-A DOCKER-USER -m connmark --mark 0x4d000000/0xff000000 -j ACCEPT',
    '-A DOCKER-USER -m mark --mark 0x4d000000/0xff000000 -j ACCEPT',
    '-A DOCKER-USER -j RETURN',
  ],
}

const BARE: Observed = {
  devices: new Map(),
  forwarding: new Map(),
  switching: new Set(),
  neighbours: new Map(),
  anyIp: new Map(),
  returnRoutes: new Map(),
  rules: [],
  sysctls: new Map(),
  firewall: { forward: FIREWALL.forward, user: ['-A DOCKER-USER -j RETURN'] },
}

/** A kernel that has just what is planned. */
function asPlanned({ bridges, vxlans, ...rest }: KernelPlan): Observed {
  const quiet = { hairpin: false, learning: false, flood: false, mcastFlood: false }
  const devices: [string, Device][] = [
    ...[...bridges.values()].map(({ bridge, mac, mtu, address }): [string, Device] => [
      bridge,
      { mac, mtu, up: true, addresses: [address] },
    ]),
    ...[...vxlans.values()].map(({ device, bridge, vni, port, local: from, mtu }): [string, Device] => [
      device,
      {
        mac: '9e:00:00:00:00:01',
        mtu,
        up: true,
        addresses: [],
        master: bridge,
        vxlan: { vni, port, local: from, learning: false, proxy: true },
        port: quiet,
      },
    ]),
  ]
  const marks = [...rest.returnRoutes.keys()]
  return {
    ...rest,
    devices: new Map(devices),
    switching: new Set(rest.forwarding.keys()),
    rules: [
      'pref 90 fwmark 0/0xff000000 goto 200',
      ...marks.map((mark) => `pref 100 fwmark ${mark} lookup ${mark}`),
      'pref 200 nop',
    ],
    firewall: FIREWALL,
  }
}

const text = (steps: readonly Step[]): string[] =>
  steps.map((step) => {
    if (step.kind === 'ip' || step.kind === 'bridge') return `${step.kind} ${step.line}`
    if (step.kind === 'iptables') return `iptables ${step.args.join(' ')}`
    return step.kind === 'sysctl' ? `sysctl ${step.path}=${step.value}` : `modprobe ${step.name}`
  })

describe('the difference between the kernel and the plan', () => {
  test('is nothing when the kernel has what is planned', () => {
    expect(difference(asPlanned(plan), plan)).toEqual({ make: [], unmake: [] })
    expect(difference(BARE, nothing)).toEqual({ make: [], unmake: [] })
  })

  test('makes everything on a bare host', () => {
    const { make, unmake } = difference(BARE, plan)
    expect(unmake).toEqual([])
    const steps = text(make)
    for (const step of [
      'ip link add sx-network1aaaa type vxlan id 4097 dstport 4789 local 192.168.7.1 nolearning proxy noudpcsum',
      'ip link set sx-network1aaaa mtu 1450 master sb-network1aaaa up',
      'bridge link set dev sx-network1aaaa learning off flood off mcast_flood off',
      'bridge fdb replace 02:42:0a:00:01:07 dev sx-network1aaaa dst 192.168.7.2 self permanent',
      'bridge fdb replace 02:42:0a:00:01:07 dev sx-network1aaaa master static',
      'ip neigh replace 10.0.1.7 lladdr 02:42:0a:00:01:07 dev sx-network1aaaa nud permanent',
      'ip route replace local 10.0.1.1/32 dev sb-network1aaaa src 10.0.1.2 table local proto 84',
      'ip route replace default via 10.0.0.3 dev shoal-ingress onlink table 1291845635 proto 84',
      'ip rule add pref 100 fwmark 1291845635 lookup 1291845635 protocol 84',
      'modprobe br_netfilter',
      'sysctl net/bridge/bridge-nf-call-iptables=1',
      'iptables -I DOCKER-USER 1 -m connmark --mark 0x4d000000/0xff000000 -j ACCEPT',
    ])
      expect(steps).toContain(step)
  })

  test('takes everything away that is ours, and nothing else, when nothing is planned', () => {
    const observed = asPlanned(plan)
    const eth0: Device = { mac: '02:00:00:00:00:01', mtu: 1500, up: true, addresses: ['192.168.7.1/24'] }
    const { make, unmake } = difference(
      { ...observed, devices: new Map([...observed.devices, ['eth0', eth0]]) },
      nothing,
    )
    expect(text(make)).toEqual([
      'iptables -D DOCKER-USER -m connmark --mark 0x4d000000/0xff000000 -j ACCEPT',
      'iptables -D DOCKER-USER -m mark --mark 0x4d000000/0xff000000 -j ACCEPT',
    ])
    expect(text(unmake).toSorted()).toEqual(
      [
        'ip rule del pref 90 fwmark 0/0xff000000 goto 200 protocol 84',
        'ip rule del pref 100 fwmark 1291845635 lookup 1291845635 protocol 84',
        'ip rule del pref 200 nop protocol 84',
        'ip route del default table 1291845635 proto 84',
        'ip route del local 10.0.1.1/32 dev sb-network1aaaa table local proto 84',
        'ip route del local 10.0.0.1/32 dev shoal-ingress table local proto 84',
        'ip link del sx-network1aaaa',
        'ip link del shoal-ingress-x',
      ].toSorted(),
    )
  })

  test('fills a VXLAN device that is made anew with all its entries, whatever the old one had', () => {
    const observed = asPlanned(plan)
    const devices = new Map(observed.devices)
    const old = devices.get('sx-network1aaaa')!
    devices.set('sx-network1aaaa', { ...old, vxlan: { ...old.vxlan!, vni: 1 } })
    const steps = text(difference({ ...observed, devices }, plan).make)
    expect(steps[0]).toBe('ip link del sx-network1aaaa')
    expect(steps).toContain(
      'ip neigh replace 10.0.1.7 lladdr 02:42:0a:00:01:07 dev sx-network1aaaa nud permanent',
    )
    expect(steps).not.toContain('ip link del shoal-ingress-x')
  })

  test('lets a container get its own packets back', () => {
    const observed = asPlanned(plan)
    const veth: Device = {
      mac: '9e:00:00:00:00:02',
      mtu: 1450,
      up: true,
      addresses: [],
      master: 'sb-network1aaaa',
      port: { hairpin: false, learning: true, flood: true, mcastFlood: true },
    }
    const devices = new Map([
      ...observed.devices,
      ['veth1', veth],
      ['veth2', { ...veth, master: 'docker0' }],
    ] as const)
    expect(text(difference({ ...observed, devices }, plan).make)).toEqual([
      'bridge link set dev veth1 hairpin on',
    ])
  })

  test('brings a container back up that somebody has cut off from its network', () => {
    const observed = asPlanned(plan)
    const veth: Device = {
      mac: '9e:00:00:00:00:02',
      mtu: 1450,
      up: false,
      addresses: [],
      master: 'sb-network1aaaa',
      port: { hairpin: true, learning: true, flood: true, mcastFlood: true },
    }
    const devices = new Map([
      ...observed.devices,
      ['veth1', veth],
      ['veth2', { ...veth, master: 'docker0' }],
    ] as const)
    expect(text(difference({ ...observed, devices }, plan).make)).toEqual(['ip link set veth1 up'])
  })

  test('gives a bridge that somebody has removed its containers back', () => {
    const observed = asPlanned(plan)
    const veth: Device = { mac: '9e:00:00:00:00:02', mtu: 1450, up: true, addresses: [] }
    const devices = new Map([...observed.devices, ['veth1', veth], ['veth2', veth]] as const)
    devices.delete('shoal-ingress')
    const ports = new Map([
      ['veth1', 'shoal-ingress'],
      ['veth2', 'docker0'],
      ['veth3', 'shoal-ingress'],
    ])
    expect(text(difference({ ...observed, devices }, plan, ports).make)).toEqual([
      'ip link add shoal-ingress type bridge',
      'ip link set shoal-ingress address 02:42:0a:00:00:02 mtu 1439 up',
      'ip addr replace 10.0.0.2/24 dev shoal-ingress',
      'ip link set veth1 master shoal-ingress',
      'bridge link set dev veth1 hairpin on',
      'ip neigh replace 10.0.0.3 lladdr 02:42:0a:00:00:03 dev shoal-ingress nud permanent',
    ])
  })

  test('removes a rule that is there twice once', () => {
    const observed = asPlanned(plan)
    const rules = [...observed.rules, observed.rules[1]!]
    expect(text(difference({ ...observed, rules }, plan).unmake)).toEqual([
      'ip rule del pref 100 fwmark 1291845635 lookup 1291845635 protocol 84',
    ])
  })
})

describe("what Docker's rules have to let pass", () => {
  const observed = asPlanned(plan)
  const steps = (firewall: Observed['firewall']): string[] =>
    text(difference({ ...observed, firewall }, plan).make)

  test('comes after what an administrator has put there, and before the end', () => {
    const user = [FIREWALL.user[0]!, FIREWALL.user[3]!]
    expect(steps({ ...FIREWALL, user })).toEqual([
      'iptables -I DOCKER-USER 2 -m mark --mark 0x4d000000/0xff000000 -j ACCEPT',
      'iptables -I DOCKER-USER 2 -m connmark --mark 0x4d000000/0xff000000 -j ACCEPT',
    ])
  })

  test('is moved when it is behind the end, where it is never reached', () => {
    const user = [FIREWALL.user[3]!, FIREWALL.user[1]!, FIREWALL.user[2]!]
    expect(steps({ ...FIREWALL, user })).toHaveLength(4)
  })

  test('is asked before Docker separates its networks', () => {
    const forward = FIREWALL.forward.toReversed()
    const first = ['iptables -D FORWARD -j DOCKER-USER', 'iptables -I FORWARD 1 -j DOCKER-USER']
    expect(steps({ ...FIREWALL, forward })).toEqual(first)
    expect(steps({ ...FIREWALL, forward: [] })).toEqual(first.slice(1))
  })

  test('needs no rules where there is no iptables', () => {
    expect(steps(undefined)).toEqual([])
  })
})
