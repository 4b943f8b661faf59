import { sleep, systemClock } from '@shoal/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import {
  CLOSED,
  FRONT,
  INGRESS,
  type NetworkHost,
  NetworkScene,
  OTHER,
  PORT,
  type TestClient,
  type TestState,
  VIP,
} from './network-scene.js'

/** Three hosts, with documents made by hand: what one host does with them, and what three do together. */
const STATE: TestState = {
  tasks: [
    { name: 'web1', host: 1, networks: [INGRESS, FRONT], last: 11 },
    { name: 'web2', host: 2, networks: [INGRESS, FRONT], last: 12 },
    { name: 'client3', host: 3, networks: [FRONT], last: 13 },
    { name: 'other1', host: 1, networks: [OTHER], last: 11 },
    { name: 'closed1', host: 1, networks: [CLOSED], last: 11 },
    { name: 'closed2', host: 2, networks: [CLOSED], last: 12 },
  ],
  endpoints: ['web1', 'web2'],
}
const scene = new NetworkScene(process.env['SHOAL_TEST_LAB'] ?? `network-${process.pid}`)
let [one, two, three] = [] as unknown as [NetworkHost, NetworkHost, NetworkHost]

beforeAll(async () => {
  await scene.open(3)
  ;[one, two, three] = scene.hosts as [NetworkHost, NetworkHost, NetworkHost]
  // As dockerd leaves it where nothing else has enabled forwarding before.
  await Promise.all(scene.hosts.map((host) => host.run('iptables', '-P', 'FORWARD', 'DROP')))
  await scene.tell(STATE)
  await scene.allRun(STATE)
})
afterAll(() => scene.close())

/** A connection that got no answer, or was refused. */
const UNREACHABLE = /timed? ?out|EHOSTUNREACH|ENETUNREACH|ECONNREFUSED|refused/iu

/** So often, every endpoint gets its turn. */
const TURNS = 4

/** @returns the answers, each once */
async function answers(asked: Promise<string>): Promise<string[]> {
  return [...new Set((await asked).split('\n'))].toSorted()
}

describe('an overlay network', () => {
  test('joins containers of several hosts', async () => {
    expect(await three.askFrom('client3', '10.0.1.11:8080')).toBe('web1 10.0.1.13')
    expect(await three.askFrom('client3', '10.0.1.12:8080')).toBe('web2 10.0.1.13')
    expect(await one.askFrom('closed1', '10.0.3.12:8080')).toBe('closed2 10.0.3.11')
  })

  test('lets its containers reach a service by its VIP, whichever host its tasks are on', async () => {
    const vip = `${VIP}:8080`
    expect(await answers(three.askFrom('client3', vip, TURNS))).toEqual(['web1 10.0.1.13', 'web2 10.0.1.13'])
  })

  test('leads a container to itself by the VIP of its own service', async () => {
    expect(await answers(one.askFrom('web1', `${VIP}:8080`, TURNS))).toEqual([
      'web1 10.0.1.2',
      'web2 10.0.1.11',
    ])
  })

  test('lets the host itself reach a VIP', async () => {
    expect(await answers(three.ask(`${VIP}:8080`, TURNS))).toEqual(['web1 10.0.1.4', 'web2 10.0.1.4'])
  })

  test('is closed to containers of other networks, and to other hosts', async () => {
    await expect(one.askFrom('other1', '10.0.1.11:8080')).rejects.toThrow(UNREACHABLE)
    await expect(one.askFrom('other1', '10.0.1.12:8080')).rejects.toThrow(UNREACHABLE)
    await expect(one.askFrom('other1', `${VIP}:8080`)).rejects.toThrow(UNREACHABLE)
    await two.run('ip', 'route', 'add', '10.0.2.0/24', 'via', one.address)
    await expect(two.ask('10.0.2.11:8080')).rejects.toThrow(UNREACHABLE)
  })

  test('has no way out when it is internal, not even to published ports', async () => {
    await expect(one.askFrom('closed1', `${two.address}:${PORT}`)).rejects.toThrow(UNREACHABLE)
    await expect(one.askFrom('closed1', `${one.address}:${PORT}`)).rejects.toThrow(UNREACHABLE)
    await expect(one.askFrom('closed1', `10.0.3.2:${PORT}`)).rejects.toThrow(UNREACHABLE)
  })
})

describe('a published port', () => {
  test('answers on every host with every replica, and tells the true address of the client', async () => {
    const client = await scene.client()
    for (const host of scene.hosts) {
      const seen = await answers(client.ask(`${host.address}:${PORT}`, TURNS))
      expect(seen).toEqual([`web1 ${client.address}`, `web2 ${client.address}`])
      const udpSeen = await answers(client.askUdp(host.address, TURNS))
      expect(udpSeen).toEqual([`web1 ${client.address}`, `web2 ${client.address}`])
    }
    await client.close()
  })

  test('answers the host itself, by its address and on the loopback', async () => {
    for (const host of scene.hosts) {
      const names = async (address: string): Promise<string[]> =>
        (await answers(host.ask(`${address}:${PORT}`, TURNS))).map((answer) => answer.split(' ')[0]!)
      expect(await names('127.0.0.1')).toEqual(['web1', 'web2'])
      expect(await names(host.address)).toEqual(['web1', 'web2'])
      expect((await answers(host.askUdp('127.0.0.1', TURNS))).length).toBe(2)
    }
  })

  test('answers other hosts of the cluster, and containers of any network', async () => {
    expect((await answers(one.ask(`${two.address}:${PORT}`, TURNS))).length).toBe(2)
    expect((await answers(one.askFrom('web1', `${one.address}:${PORT}`, TURNS))).length).toBe(2)
    expect((await answers(one.askFrom('other1', `${one.address}:${PORT}`, TURNS))).length).toBe(2)
    expect((await answers(three.askFrom('client3', `${three.address}:${PORT}`, TURNS))).length).toBe(2)
  })
})

describe('what somebody else takes away or adds', () => {
  const damages: [what: string, ...command: string[]][] = [
    ['the whole ruleset', 'nft flush ruleset'],
    ['a rule of ours', 'nft flush chain ip shoal mark_pre'],
    ['an element of ours', `nft delete element ip shoal pub_svc { tcp . ${PORT} }`],
    ['a rule that drops', 'nft add rule ip shoal raw_pre tcp dport 8080 drop'],
    ['a VXLAN device', 'ip link del shoal-ingress-x'],
    ['a bridge', 'ip link del shoal-ingress'],
    ['neighbours', 'ip neigh flush dev shoal-ingress-x nud permanent'],
    ['forwarding entries', 'bridge fdb del 02:42:0a:00:00:0c dev shoal-ingress-x self'],
    ['the local routes', 'ip route flush table local proto 84'],
    ['the policy rules', 'ip rule del pref 100'],
    ["Docker's rules", 'iptables -F'],
    ['a setting of the kernel', 'sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.ipv4.ip_forward=0'],
    ['a bridge that is down', 'ip link set shoal-ingress down'],
  ]
  let client: TestClient
  beforeAll(async () => {
    client = await scene.client()
  })
  afterAll(() => client.close())

  test.each(damages)('%s: is put right', async (_, command) => {
    await one.run('sh', '-c', command)
    await eventually(async () => {
      const seen = await answers(client.ask(`${one.address}:${PORT}`, TURNS))
      expect(seen).toEqual([`web1 ${client.address}`, `web2 ${client.address}`])
      const remote = await answers(client.ask(`${three.address}:${PORT}`, TURNS))
      expect(remote).toEqual([`web1 ${client.address}`, `web2 ${client.address}`])
      expect((await answers(one.askFrom('web1', `${VIP}:8080`, TURNS))).length).toBe(2)
    })
  })

  test('entries of ours that nobody wants go', async () => {
    await one.run(
      'ip',
      'neigh',
      'replace',
      '10.0.0.99',
      'lladdr',
      '02:42:0a:00:00:63',
      'dev',
      'shoal-ingress-x',
      'nud',
      'permanent',
    )
    await one.run(
      'ip',
      'route',
      'add',
      'local',
      '10.0.1.99/32',
      'dev',
      'sb-fronttest001',
      'table',
      'local',
      'proto',
      '84',
    )
    await one.run(
      'ip',
      'rule',
      'add',
      'pref',
      '100',
      'fwmark',
      '0x4d000063',
      'lookup',
      '99',
      'protocol',
      '84',
    )
    await eventually(async () => {
      expect(await one.run('ip', 'neigh', 'show', 'nud', 'permanent')).not.toContain('10.0.0.99')
      expect(await one.run('ip', 'route', 'show', 'table', 'local')).not.toContain('10.0.1.99')
      expect(await one.run('ip', 'rule')).not.toContain('0x4d000063')
    })
  })
})

describe('a change', () => {
  test('leads no new connection to an endpoint that has left, and keeps those that are open', async () => {
    const client = await scene.client()
    const slow = Promise.all(Array.from({ length: 6 }, () => client.askSlowly(`${three.address}:${PORT}`)))
    // They have to have begun.
    await sleep(systemClock, 1000)
    await scene.tell({ ...STATE, endpoints: ['web2'] })
    expect(await answers(client.ask(`${three.address}:${PORT}`, TURNS))).toEqual([`web2 ${client.address}`])
    expect(new Set(await slow).size).toBe(2)
    await scene.tell({ ...STATE, endpoints: [] })
    await expect(client.ask(`${three.address}:${PORT}`)).rejects.toThrow(/ECONNREFUSED/u)
    await expect(three.askFrom('client3', `${VIP}:8080`)).rejects.toThrow(/ECONNREFUSED/u)
    await scene.tell(STATE)
    expect((await answers(client.ask(`${three.address}:${PORT}`, TURNS))).length).toBe(2)
    await client.close()
  })

  test('survives the agent: what is in force stays, and is taken up', async () => {
    const client = await scene.client()
    await scene.tell(STATE)
    await two.killAgent()
    expect((await answers(client.ask(`${two.address}:${PORT}`, TURNS))).length).toBe(2)
    two.startAgent()
    await two.tell(scene.commandFor(two, STATE))
    expect((await answers(client.ask(`${two.address}:${PORT}`, TURNS))).length).toBe(2)
    await client.close()
  })
})

test('leaving takes every trace away', async () => {
  await Promise.all(scene.hosts.map((host) => host.tell({ documents: [], tasks: [] })))
  for (const host of scene.hosts) {
    await eventually(async () => {
      await host.tell({ remove: true })
      const left = await host.run(
        'sh',
        '-c',
        'nft list tables; ip -br link; ip rule; ip route show table all; docker network ls; iptables -S',
      )
      expect(left).not.toMatch(/shoal|sb-|sx-|0x4d|proto 84/u)
    })
  }
})
