import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { service } from '@shoal/agent/dns/testing/documents'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { DnsScene, freePort, GATEWAY, type Reply, Upstream } from './dns-scene.js'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function scene(options: Parameters<typeof DnsScene.open>[0] = {}): Promise<DnsScene> {
  const opened = await DnsScene.open(options)
  ends.push(() => opened.end())
  return opened
}

async function upstream(address: string, port: number, reply: Reply): Promise<void> {
  const opened = await Upstream.open(address, port, reply)
  ends.push(() => opened.close())
}

const addresses = (count: number): string[] => Array.from({ length: count }, (_, at) => `127.0.1.${at + 20}`)

/** An answer with these flags, and the address 192.0.2.1 if it says that all is well. */
function reply(query: Buffer, flags: number): Buffer {
  const message = Buffer.from(query)
  message.writeUInt16BE(0x8180 | flags, 2)
  if (flags !== 0) return message
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])
  message.writeUInt16BE(1, 6)
  // What the question says of EDNS is left out.
  message.writeUInt16BE(0, 10)
  let end = 12
  while (message[end] !== 0) end += message[end]! + 1
  return Buffer.concat([message.subarray(0, end + 5), record])
}

const TRUNCATED = 0x200
const NXDOMAIN = 3
const SERVFAIL = 2

describe('a container asks its gateway', () => {
  test('for a service, for its tasks, for the name of an address; it hears of a change at once', async () => {
    const opened = await scene()
    const resolver = opened.resolver()
    opened.tell(service('web', 'front-id', addresses(2), { vip: '127.0.1.5' }))
    expect(await eventually(() => resolver.resolve4('web', { ttl: true }))).toEqual([
      { address: '127.0.1.5', ttl: 1 },
    ])
    expect((await resolver.resolve4('tasks.web')).sort()).toEqual(addresses(2))
    expect(await resolver.reverse('127.0.1.21')).toEqual(['web.2.t2.front'])
    await expect(resolver.resolve6('web')).rejects.toMatchObject({ code: 'ENODATA' })

    opened.tell(service('web', 'front-id', addresses(1), { vip: '127.0.1.5' }))
    expect(await resolver.resolve4('tasks.web')).toEqual(addresses(1))
    opened.forget('endpoints', 'web-id')
    await expect(resolver.resolve4('web')).rejects.toMatchObject({ code: 'ESERVFAIL' })
  })

  test('for more tasks than a packet holds: the client comes again by TCP', async () => {
    const opened = await scene()
    opened.tell(service('web', 'front-id', addresses(200)))
    const found = await eventually(() => opened.resolver().resolve4('web'))
    expect(found.toSorted()).toEqual(addresses(200).toSorted())
  })
})

describe('a name that is not of the cluster', () => {
  test('is asked of the host’s name servers in turn: the silent, the closed and the failing are passed over', async () => {
    const port = await freePort()
    await upstream('127.0.9.1', port, () => undefined)
    await upstream('127.0.9.3', port, (query) => reply(query, SERVFAIL))
    await upstream('127.0.9.4', port, (query) => reply(query, 0))
    const servers = ['127.0.9.1', '127.0.9.2', '127.0.9.3', '127.0.9.4']
    const opened = await scene({
      upstreamPort: port,
      forwardTimeoutMs: 200,
      forwardServers: 4,
      hostServers: () => Promise.resolve(servers),
    })
    expect(await eventually(() => opened.resolver().resolve4('example.org'))).toEqual(['192.0.2.1'])
  })

  test('does not exist when they say so, and only then', async () => {
    const port = await freePort()
    let seen = ''
    await upstream('127.0.9.1', port, (query) => {
      seen = query.toString('latin1')
      return reply(query, NXDOMAIN)
    })
    const opened = await scene({ upstreamPort: port, hostServers: () => Promise.resolve(['127.0.9.1']) })
    await eventually(() =>
      expect(opened.resolver().resolve4('nothing.example')).rejects.toMatchObject({ code: 'ENOTFOUND' }),
    )
    expect(seen).toContain('nothing')
    const alone = await scene()
    await eventually(() =>
      expect(alone.resolver().resolve4('nothing.example')).rejects.toMatchObject({ code: 'ESERVFAIL' }),
    )
  })

  test('whose answer is too large for a packet is asked again by TCP, all the way', async () => {
    const port = await freePort()
    await upstream('127.0.9.1', port, (query, transport) => reply(query, transport === 'udp' ? TRUNCATED : 0))
    const opened = await scene({ upstreamPort: port, hostServers: () => Promise.resolve(['127.0.9.1']) })
    expect(await eventually(() => opened.resolver().resolve4('large.example'))).toEqual(['192.0.2.1'])
  })

  test('is not answered by a stranger, who cannot know the ID', async () => {
    const port = await freePort()
    await upstream('127.0.9.1', port, (query) => {
      const forged = reply(query, 0)
      forged.writeUInt16BE((forged.readUInt16BE(0) + 1) & 0xffff, 0)
      return forged
    })
    const opened = await scene({
      upstreamPort: port,
      forwardTimeoutMs: 200,
      hostServers: () => Promise.resolve(['127.0.9.1']),
    })
    await eventually(() =>
      expect(opened.resolver().resolve4('example.org')).rejects.toMatchObject({ code: 'ESERVFAIL' }),
    )
  })
})

describe('the sockets', () => {
  test('come and go with the networks; an address that is taken is had as soon as it is free', async () => {
    const port = await freePort()
    const squatter = createSocket('udp4').bind(port, GATEWAY)
    await once(squatter, 'listening')
    const opened = await scene({ port })
    opened.tell(service('web', 'front-id', addresses(1)))
    squatter.close()
    expect(await eventually(() => opened.resolver().resolve4('web'))).toEqual(addresses(1))

    opened.forget('network', 'front-id')
    const again = createSocket('udp4')
    await eventually(async () => {
      again.bind(port, GATEWAY)
      await once(again, 'listening')
    })
    again.close()
  })

  test('nobody outside of the network is answered', async () => {
    const opened = await scene()
    opened.tell(service('web', 'front-id', addresses(1)))
    await eventually(() => opened.resolver().resolve4('web'))
    const stranger = createSocket('udp4').bind(0, '127.0.7.7')
    let heard = 0
    stranger.on('message', () => heard++)
    const question = Buffer.from('0001010000010000000000000377656200' + '00010001', 'hex')
    stranger.send(question, opened.port, GATEWAY)
    // Once somebody else has had an answer, the stranger would have had one, too.
    await opened.resolver().resolve4('web')
    expect(heard).toBe(0)
    stranger.close()
  })

  test('rubbish by UDP and by TCP does no harm', async () => {
    const opened = await scene()
    opened.tell(service('web', 'front-id', addresses(1)))
    await eventually(() => opened.resolver().resolve4('web'))
    const udp = createSocket('udp4').bind(0, '127.0.1.10')
    for (let length = 0; length < 600; length++) {
      udp.send(
        Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length * 13) & 0xff)),
        opened.port,
        GATEWAY,
      )
    }
    const tcp = connect({ port: opened.port, host: GATEWAY, localAddress: '127.0.1.10' })
    tcp.on('error', () => {})
    tcp.write(Buffer.alloc(100_000, 0x41))
    tcp.resetAndDestroy()
    expect(await opened.resolver().resolve4('web')).toEqual(addresses(1))
    udp.close()
  })
})
