import { describe, expect, test } from 'vitest'
import { aNetwork, anEndpoint, anIngress, aPeer, aService, aView } from '../testing/documents.js'
import type { NftState, SetName } from '../nft/index.js'
import { planMemo } from './memo.js'
import { planHost } from './plan.js'

const elementsOf = (state: NftState, name: SetName): string[] =>
  [...state.values()]
    .flatMap(({ elements }) => elements)
    .filter(({ set }) => set === name)
    .map(({ key, value }) => (value === undefined ? key : `${key} : ${value}`))

const front = aNetwork()
const ingress = anIngress()

describe('the plan of a host', () => {
  test('has a bridge and a VXLAN device for each network, of names that the kernel takes', () => {
    const { kernel } = planHost(aView([front]), planMemo())
    expect([...kernel.bridges.values()]).toEqual([
      {
        networkId: front.ID,
        label: 'front',
        engineNetwork: 'shoal-network1aaaa',
        bridge: 'sb-network1aaaa',
        subnet: '10.0.1.0/24',
        address: '10.0.1.2/24',
        gateway: '10.0.1.2',
        mac: '02:42:0a:00:01:02',
        mtu: 1450,
        internal: false,
        ingress: false,
      },
    ])
    expect(kernel.vxlans.get('sx-network1aaaa')).toEqual({
      device: 'sx-network1aaaa',
      bridge: 'sb-network1aaaa',
      vni: 4097,
      port: 4789,
      local: '192.168.7.1',
      mtu: 1450,
    })
    for (const name of [...kernel.bridges.keys(), ...kernel.vxlans.keys()])
      expect(name.length).toBeLessThan(16)
  })

  test('keeps to the MTU that the network asks for', () => {
    const { kernel } = planHost(aView([aNetwork({ Mtu: 1300 })]), planMemo())
    expect(kernel.vxlans.get('sx-network1aaaa')?.mtu).toBe(1300)
  })

  test('leads frames for a peer to its node, but not for an address that is (or will be) here', () => {
    const peers = [aPeer(front, '10.0.1.7'), aPeer(front, '10.0.1.8'), aPeer(front, '10.0.1.2')]
    const local = [{ networkId: front.ID, address: '10.0.1.8' }]
    const { kernel } = planHost(aView([front], { peers, local }), planMemo())
    expect([...kernel.forwarding]).toEqual([['sx-network1aaaa 02:42:0a:00:01:07', '192.168.7.2']])
    expect([...kernel.neighbours]).toEqual([
      ['sx-network1aaaa 10.0.1.7', '02:42:0a:00:01:07'],
      ['sb-network1aaaa 10.0.1.7', '02:42:0a:00:01:07'],
    ])
  })

  test('knows the plain containers of every node by the addresses that its engine may give them', () => {
    const open = aNetwork({ Attachable: true, IPRange: '10.0.1.8/30' })
    const peers = [aPeer(open, '10.0.1.3', { Gateway: true, IPRange: '10.0.1.16/31' })]
    const { kernel, nft } = planHost(aView([open], { peers }), planMemo())
    expect([...kernel.bridges.values()]).toMatchObject([{ engineNetwork: 'front', ipRange: '10.0.1.8/30' }])
    const known = [...kernel.neighbours.keys()].filter((key) => key.startsWith('sx-'))
    expect(known.map((key) => key.split(' ')[1])).toEqual(['10.0.1.3', '10.0.1.16', '10.0.1.17'])
    expect(new Set(kernel.forwarding.values())).toEqual(new Set(['192.168.7.2']))
    expect(elementsOf(nft, 'plain')).toEqual(['10.0.1.8', '10.0.1.9', '10.0.1.10', '10.0.1.11'])
    expect(elementsOf(nft, 'resolvers')).toEqual(['"sb-network1aaaa" : 10.0.1.2'])
  })

  test('answers for the network as a whole and for its VIPs', () => {
    const services = [aService({ Networks: [{ NetworkID: front.ID, VirtualIP: '10.0.1.50', Aliases: [] }] })]
    const { kernel } = planHost(aView([front], { services }), planMemo())
    const here = { device: 'sb-network1aaaa', source: '10.0.1.2' }
    expect([...kernel.anyIp]).toEqual([
      ['10.0.1.1', here],
      ['10.0.1.50', here],
    ])
  })

  test('sets the ingress network up only when a port is published or a task is on it', () => {
    expect(planHost(aView([ingress]), planMemo()).kernel.bridges.size).toBe(0)
    const local = [{ networkId: ingress.ID, address: '10.0.0.7' }]
    expect(planHost(aView([ingress], { local }), planMemo()).kernel.bridges.size).toBe(1)
    const services = [aService({ Ports: [{ Protocol: 'tcp', PublishedPort: 8080, TargetPort: 80 }] })]
    const { kernel } = planHost(aView([ingress], { services }), planMemo())
    expect([...kernel.bridges.values()]).toMatchObject([
      { engineNetwork: '0shoal-ingress', bridge: 'shoal-ingress' },
    ])
    expect(kernel.sysctls.get('net/ipv4/conf/shoal-ingress/route_localnet')).toBe('1')
  })

  test('sends answers back through the node that a connection came in by', () => {
    const peers = [aPeer(ingress, '10.0.0.3', { Gateway: true }), aPeer(ingress, '10.0.0.9')]
    const local = [{ networkId: ingress.ID, address: '10.0.0.7' }]
    const { kernel, nft } = planHost(aView([ingress], { peers, local }), planMemo())
    expect([...kernel.returnRoutes]).toEqual([[0x4d000003, '10.0.0.3']])
    expect(elementsOf(nft, 'peer_mark')).toEqual(['02:42:0a:00:00:03 : 0x4d000003'])
    expect(elementsOf(nft, 'peer_zone')).toEqual(['02:42:0a:00:00:03 : 3'])
    expect(elementsOf(nft, 'nodes')).toEqual(['192.168.7.1', '192.168.7.2'])
    expect(elementsOf(nft, 'self_gw')).toEqual(['10.0.0.7 . 10.0.0.7 : 10.0.0.2'])
  })
})

describe('the balancers of a service', () => {
  const ports = [{ Protocol: 'tcp' as const, PublishedPort: 8080, TargetPort: 80 }]
  const networks = [{ NetworkID: front.ID, VirtualIP: '10.0.1.50', Aliases: [] }]
  const addresses = (last: number) => ({ [front.ID]: `10.0.1.${last}`, [ingress.ID]: `10.0.0.${last}` })

  test('pick among the endpoints of a VIP and of a port', () => {
    const Endpoints = [anEndpoint('t2', addresses(22)), anEndpoint('t1', addresses(21))]
    const services = [aService({ Networks: networks, Ports: ports, Endpoints })]
    const { nft } = planHost(aView([front, ingress], { services }), planMemo())
    expect(elementsOf(nft, 'vip_at')).toEqual(['"sb-network1aaaa" . 10.0.1.50'])
    expect(elementsOf(nft, 'vip_be')).toEqual([
      '10.0.1.50 . 0x4d800000 : 10.0.1.21',
      '10.0.1.50 . 0x4d800001 : 10.0.1.22',
    ])
    expect(elementsOf(nft, 'pub_be')).toEqual([
      'tcp . 8080 . 0x4d800000 : 10.0.0.21 . 80',
      'tcp . 8080 . 0x4d800001 : 10.0.0.22 . 80',
    ])
    expect(nft.get('service/service1')?.chains).toEqual([
      { name: 'v_10_0_1_50', rules: ['meta mark set numgen inc mod 2 offset 0x4d800000', 'goto lb_vip'] },
      { name: 'p_tcp_8080', rules: ['meta mark set numgen inc mod 2 offset 0x4d800000', 'goto lb_pub'] },
    ])
  })

  test('without endpoints refuse, and leave nothing to whatever else listens', () => {
    const services = [aService({ Networks: networks, Ports: ports })]
    const { nft } = planHost(aView([front, ingress], { services }), planMemo())
    expect(elementsOf(nft, 'vips')).toEqual(['10.0.1.50'])
    expect(elementsOf(nft, 'vip_live')).toEqual([])
    expect(elementsOf(nft, 'pub_idle')).toEqual(['tcp . 8080'])
    expect(nft.get('service/service1')?.chains).toEqual([])
  })

  test('that change what they claim free it for others, and take it from nobody', () => {
    const claiming = (ServiceID: string, port: number, last: number) =>
      aService({
        ServiceID,
        Ports: [{ Protocol: 'tcp', PublishedPort: port, TargetPort: 80 }],
        Endpoints: [anEndpoint(ServiceID, addresses(last))],
      })
    const memo = planMemo()
    const targets = (...services: ReturnType<typeof aService>[]): string[] =>
      elementsOf(planHost(aView([ingress], { services }), memo).nft, 'pub_be')
    const second = claiming('s2', 8080, 22)
    expect(targets(claiming('s1', 8080, 21), second)).toEqual(['tcp . 8080 . 0x4d800000 : 10.0.0.21 . 80'])
    expect(targets(claiming('s1', 8080, 23), second)).toEqual(['tcp . 8080 . 0x4d800000 : 10.0.0.23 . 80'])
    expect(targets(claiming('s1', 9090, 23), second)).toEqual([
      'tcp . 9090 . 0x4d800000 : 10.0.0.23 . 80',
      'tcp . 8080 . 0x4d800000 : 10.0.0.22 . 80',
    ])
    expect(targets(second)).toEqual(['tcp . 8080 . 0x4d800000 : 10.0.0.22 . 80'])
  })

  test('leave a port to a program of the host that listens on it', () => {
    const services = [aService({ Ports: ports, Endpoints: [anEndpoint('t1', addresses(21))] })]
    const hostPorts = new Set(['tcp/8080'])
    const { nft } = planHost(aView([ingress], { services, hostPorts }), planMemo())
    expect([...elementsOf(nft, 'pubs'), ...elementsOf(nft, 'pub_idle')]).toEqual([])
  })

  test('give a port that two services claim to the first of them', () => {
    const services = ['s1', 's2'].map((ServiceID, index) =>
      aService({ ServiceID, Ports: ports, Endpoints: [anEndpoint(ServiceID, addresses(21 + index))] }),
    )
    const { nft } = planHost(aView([ingress], { services }), planMemo())
    expect(elementsOf(nft, 'pub_be')).toEqual(['tcp . 8080 . 0x4d800000 : 10.0.0.21 . 80'])
  })

  test('are the same object again when nothing about them has changed', () => {
    const services = [
      aService({ Networks: networks }),
      aService({ ServiceID: 's2', Ports: [{ Protocol: 'udp', PublishedPort: 53, TargetPort: 53 }] }),
    ]
    const memo = planMemo()
    const first = planHost(aView([front, ingress], { services }), memo).nft
    const changed = { ...services[0]!, Endpoints: [anEndpoint('t1', addresses(21))] }
    const second = planHost(aView([front, ingress], { services: [changed, services[1]!] }), memo).nft
    expect(second.get('service/service1')).not.toBe(first.get('service/service1'))
    expect(second.get('service/s2')).toBe(first.get('service/s2'))
  })
})
