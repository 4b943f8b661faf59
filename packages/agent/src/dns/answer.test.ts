import { seededRandom } from '@shoal/common'
import type { AssignedTask, EndpointSet, NodeNetwork } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { type Answer, answer } from './answer.js'
import { askerAt } from './asker.js'
import { localTask, network, service } from './testing/documents.js'
import { Zone } from './zone.js'

const front = network('front', '10.0.1.0/24')
const back = network('back', '10.0.2.0/24')
const vault = network('vault', '10.0.3.0/24', { Internal: true })

/** A zone, and the tasks that ask: `both` is on front (10.0.1.10) and back (10.0.2.10), `one` on front alone. */
class Host {
  readonly zone = new Zone()
  tasks: AssignedTask[] = [
    localTask('both', { 'front-id': '10.0.1.10', 'back-id': '10.0.2.10' }),
    localTask('one', { 'front-id': '10.0.1.11' }),
    localTask('shut', { 'vault-id': '10.0.3.10' }),
  ]

  constructor() {
    for (const each of [front, back, vault]) this.putNetwork(each)
  }

  putNetwork(body: NodeNetwork): void {
    this.zone.put({ kind: 'network', id: body.ID, body })
  }

  putEndpoints(body: EndpointSet): void {
    this.zone.put({ kind: 'endpoints', id: body.ServiceID, body })
  }

  putTask(task: AssignedTask): void {
    this.tasks = [...this.tasks.filter(({ ID }) => ID !== task.ID), task]
  }
}

interface Asked {
  readonly type?: string
  readonly from?: string
  readonly on?: string
}

function ask({ zone, tasks }: Host, name: string, asked: Asked = {}, random = seededRandom(1)): Answer {
  const { type = 'A', from: address = '10.0.1.10', on: networkId = 'front-id' } = asked
  const from = { networkId, address, asker: askerAt(tasks, networkId, address) }
  return answer(zone, { name, type }, from, random)
}

const addresses = (...list: string[]): Answer => ({ kind: 'addresses', addresses: list })
const elsewhere: Answer = { kind: 'forward', servers: 'host' }

describe('names of a service', () => {
  test('with a VIP: the service and its aliases stand for the VIP, tasks.<service> for the tasks', () => {
    const names = new Host()
    names.putEndpoints(
      service('web', 'front-id', ['10.0.1.20', '10.0.1.21'], { vip: '10.0.1.5', aliases: ['www'] }),
    )
    expect(ask(names, 'web')).toEqual(addresses('10.0.1.5'))
    expect(ask(names, 'www')).toEqual(addresses('10.0.1.5'))
    for (const name of ['tasks.web', 'tasks.www']) {
      const found = ask(names, name)
      expect(found.kind === 'addresses' && found.addresses.toSorted()).toEqual(['10.0.1.20', '10.0.1.21'])
    }
    expect(ask(names, 'web.2.t2')).toEqual(addresses('10.0.1.21'))
  })

  test('without a VIP: every task, in an order that changes from question to question', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20', '10.0.1.21', '10.0.1.22']))
    const random = seededRandom(7)
    const firsts = Array.from({ length: 60 }, () => {
      const found = ask(names, 'web', {}, random)
      return found.kind === 'addresses' ? found.addresses[0] : undefined
    })
    expect(new Set(firsts)).toEqual(new Set(['10.0.1.20', '10.0.1.21', '10.0.1.22']))
  })

  test('are found in any case, also those of a service with capitals', () => {
    const names = new Host()
    names.putEndpoints(service('Web', 'front-id', ['10.0.1.20'], { vip: '10.0.1.5' }))
    expect(ask(names, 'wEB')).toEqual(addresses('10.0.1.5'))
    expect(ask(names, 'TASKS.web')).toEqual(addresses('10.0.1.20'))
    expect(ask(names, 'WEB.1.T1')).toEqual(addresses('10.0.1.20'))
  })

  test('a name whose tasks have all left stays known, without an address', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', [], {}))
    expect(ask(names, 'web')).toEqual(addresses())
    expect(ask(names, 'tasks.web')).toEqual(addresses())
  })

  test('other types than A: known, but nothing of that type', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20'], { vip: '10.0.1.5' }))
    for (const type of ['AAAA', 'MX', 'SRV', 'UNKNOWN_65'])
      expect(ask(names, 'web', { type })).toEqual(addresses())
  })

  test('an alias of two services is both of them', () => {
    const names = new Host()
    names.putEndpoints(service('blue', 'front-id', [], { vip: '10.0.1.5', aliases: ['app'] }))
    names.putEndpoints(service('green', 'front-id', [], { vip: '10.0.1.6', aliases: ['app'] }))
    const found = ask(names, 'app')
    expect(found.kind === 'addresses' && found.addresses.toSorted()).toEqual(['10.0.1.5', '10.0.1.6'])
  })
})

describe('changes', () => {
  test('count from the next question on, and leave nothing behind', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20', '10.0.1.21'], { aliases: ['old'] }))
    names.putEndpoints(service('web', 'front-id', ['10.0.1.22'], { aliases: ['new'] }))
    expect(ask(names, 'web')).toEqual(addresses('10.0.1.22'))
    expect(ask(names, 'new')).toEqual(addresses('10.0.1.22'))
    expect(ask(names, 'old')).toEqual(elsewhere)
    expect(ask(names, 'web.2.t2')).toEqual(elsewhere)
    names.zone.remove({ kind: 'endpoints', id: 'web-id' })
    for (const name of ['web', 'new', 'tasks.web', 'web.1.t1']) expect(ask(names, name)).toEqual(elsewhere)
    expect(ask(names, '22.1.0.10.in-addr.arpa', { type: 'PTR' })).toEqual(elsewhere)
  })

  test('an address that went to another task asks as that one', () => {
    const names = new Host()
    names.putTask(localTask('old', { 'back-id': '10.0.2.30' }))
    names.putTask(localTask('new', { 'back-id': '10.0.2.30', 'front-id': '10.0.1.30' }))
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20']))
    expect(ask(names, 'web', { from: '10.0.2.30', on: 'back-id' })).toEqual(addresses('10.0.1.20'))
  })
})

test('a complete set leaves nothing of what was known before', () => {
  const names = new Host()
  names.putEndpoints(service('web', 'front-id', ['10.0.1.20']))
  const body = service('api', 'front-id', ['10.0.1.21'])
  names.zone.replaceAll([
    { kind: 'network', id: 'front-id', body: front },
    { kind: 'endpoints', id: 'api-id', body },
  ])
  expect(ask(names, 'api')).toEqual(addresses('10.0.1.21'))
  expect(ask(names, 'web')).toEqual(elsewhere)
  expect([...names.zone.networks()]).toEqual([front])
})

describe('who asks', () => {
  test('only the networks that the asker is on are looked at, whichever gateway it asks', () => {
    const names = new Host()
    names.putEndpoints(service('db', 'back-id', ['10.0.2.20']))
    expect(ask(names, 'db')).toEqual(addresses('10.0.2.20'))
    expect(ask(names, 'db', { from: '10.0.2.10', on: 'back-id' })).toEqual(addresses('10.0.2.20'))
    expect(ask(names, 'db', { from: '10.0.1.11' })).toEqual(elsewhere)
  })

  test("a name on several of its networks is that of the asker's first", () => {
    const names = new Host()
    names.putEndpoints(service('a', 'back-id', ['10.0.2.20'], { aliases: ['db'] }))
    names.putEndpoints(service('b', 'front-id', ['10.0.1.20'], { aliases: ['db'] }))
    expect(ask(names, 'db')).toEqual(addresses('10.0.1.20'))
    expect(ask(names, 'db.back')).toEqual(addresses('10.0.2.20'))
  })

  test('a network in a name may have dots, and must be one of the asker', () => {
    const names = new Host()
    names.putNetwork({ ...back, Name: 'my.Stack' })
    names.putEndpoints(service('db', 'back-id', ['10.0.2.20']))
    expect(ask(names, 'db.my.stack')).toEqual(addresses('10.0.2.20'))
    expect(ask(names, 'tasks.db.MY.stack')).toEqual(addresses('10.0.2.20'))
    expect(ask(names, 'db.my.stack', { from: '10.0.1.11' })).toEqual(elsewhere)
  })

  test('an address that is no task of this host hears nothing of the cluster', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20']))
    expect(ask(names, 'web', { from: '10.0.1.99' })).toEqual(elsewhere)
    names.tasks = []
    expect(ask(names, 'web', { from: '10.0.1.11' })).toEqual(elsewhere)
  })

  test('on an attachable network it is a container that somebody has attached: it hears of that one network', () => {
    const names = new Host()
    names.putNetwork({ ...front, Attachable: true })
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20']))
    names.putEndpoints(service('db', 'back-id', ['10.0.2.20']))
    expect(ask(names, 'web', { from: '10.0.1.99' })).toEqual(addresses('10.0.1.20'))
    expect(ask(names, 'db', { from: '10.0.1.99' })).toEqual(elsewhere)
  })

  test('what comes from outside of the network gets no answer at all', () => {
    const names = new Host()
    expect(ask(names, 'example.org', { from: '198.51.100.7' })).toEqual({ kind: 'ignore' })
    expect(ask(names, 'example.org', { on: 'gone-id' })).toEqual({ kind: 'ignore' })
    names.zone.remove({ kind: 'network', id: 'front-id' })
    expect(ask(names, 'example.org')).toEqual({ kind: 'ignore' })
  })

  test('the ingress network has no names', () => {
    const names = new Host()
    names.putNetwork(network('ingress', '10.255.0.0/16', { Ingress: true }))
    names.putTask(localTask('both', { 'ingress-id': '10.255.0.10', 'front-id': '10.0.1.10' }))
    names.putEndpoints(service('web', 'ingress-id', ['10.255.0.20'], { vip: '10.255.0.5' }))
    expect(ask(names, 'web')).toEqual(elsewhere)
  })
})

describe('reverse', () => {
  test('a task is called by its name and its network, a VIP by its service', () => {
    const names = new Host()
    names.putEndpoints(service('web', 'front-id', ['10.0.1.20'], { vip: '10.0.1.5' }))
    expect(ask(names, '20.1.0.10.in-addr.arpa', { type: 'PTR' })).toEqual({
      kind: 'pointer',
      name: 'web.1.t1.front',
    })
    expect(ask(names, '5.1.0.10.IN-ADDR.arpa', { type: 'PTR' })).toEqual({
      kind: 'pointer',
      name: 'web.front',
    })
    expect(ask(names, '20.1.0.10.in-addr.arpa', { type: 'A' })).toEqual(addresses())
    expect(ask(names, '9.1.0.10.in-addr.arpa', { type: 'PTR' })).toEqual(elsewhere)
    expect(ask(names, 'x.in-addr.arpa', { type: 'PTR' })).toEqual(elsewhere)
  })
})

describe('elsewhere', () => {
  test("a container's own name servers are asked instead of the host's; its own loopback cannot be", () => {
    const names = new Host()
    names.putTask(localTask('one', { 'front-id': '10.0.1.11' }, ['127.0.0.1', '192.0.2.53', '2001:db8::53']))
    expect(ask(names, 'example.org', { from: '10.0.1.11' })).toEqual({
      kind: 'forward',
      servers: ['192.0.2.53', '2001:db8::53'],
    })
  })

  test('from an internal network nothing gets out, but a name server inside may be asked', () => {
    const names = new Host()
    const shut = { from: '10.0.3.10', on: 'vault-id' }
    names.putEndpoints(service('web', 'vault-id', ['10.0.3.20']))
    expect(ask(names, 'web', shut)).toEqual(addresses('10.0.3.20'))
    expect(ask(names, 'example.org', shut)).toEqual({ kind: 'refuse' })
    expect(ask(names, 'example.org', { ...shut, from: '10.0.3.99' })).toEqual({ kind: 'refuse' })
    names.putTask(localTask('shut', { 'vault-id': '10.0.3.10' }, ['192.0.2.53', '10.0.3.53']))
    expect(ask(names, 'example.org', shut)).toEqual({ kind: 'forward', servers: ['10.0.3.53'] })
  })

  test('one network that is not internal is a way out', () => {
    const names = new Host()
    names.putTask(localTask('shut', { 'vault-id': '10.0.3.10', 'front-id': '10.0.1.12' }))
    expect(ask(names, 'example.org', { from: '10.0.3.10', on: 'vault-id' })).toEqual(elsewhere)
  })
})
