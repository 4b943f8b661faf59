import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { put } from '@shoal/manager/state/index'
import { aTask } from '@shoal/manager/state/testing/index'
import { eventually } from '../support/eventually.js'
import { WORKER } from './api-scene.js'
import { SceneClient, filters, SPEC } from './scene-client.js'

const api = SceneClient.forEachTest()

interface Event {
  Type: string
  Action: string
  scope: string
  time: number
  Actor: { ID: string; Attributes: Record<string, string> }
}

/** Opens the stream; resolves with its headers, which come before any event. */
async function listen(
  query = '',
): Promise<{ events: Event[]; ended: () => boolean; response: IncomingMessage }> {
  if (!api.server.server.listening) await api.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.server.address() as AddressInfo
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/events?${query}` }, resolve).once('error', reject)
  })
  let text = ''
  let ended = false
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  response.once('end', () => (ended = true))
  const parsed = (): Event[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Event)
  return {
    response,
    ended: () => ended,
    get events() {
      return parsed()
    },
  }
}

const told = (events: readonly Event[]): string[] =>
  events.map(({ Type, Action, Actor }) => `${Type} ${Action} ${Actor.Attributes['name']}`)

async function createService(name: string): Promise<void> {
  expect((await api.ask('POST', '/services/create', { ...SPEC, Name: name })).status).toBe(201)
}

test('what happens is told as it happens, to everybody who listens', async () => {
  const first = await listen()
  const second = await listen()
  expect(first.response.statusCode).toBe(200)
  expect(first.response.headers['content-type']).toBe('application/json')
  await createService('web')
  await api.ask('POST', '/secrets/create', { Name: 'key', Data: 'YQ==' })
  await api.ask('DELETE', '/secrets/key')
  await api.ask('DELETE', '/services/web')
  const all = ['service create web', 'secret create key', 'secret remove key', 'service remove web']
  await eventually(() => expect(told(first.events)).toEqual(all))
  expect(told(second.events)).toEqual(all)
  expect(first.events[0]).toMatchObject({ scope: 'swarm' })
})

test('the past is told to whoever asks for it, up to a time, and then the stream ends', async () => {
  await createService('web')
  const soon = Math.ceil(Date.now() / 1000) + 1
  const stream = await listen(`since=0&until=${soon}`)
  await createService('api')
  await eventually(() => expect(stream.ended()).toBe(true))
  expect(told(stream.events)).toEqual(['service create web', 'service create api'])
})

test('a time that is over ends the stream after the past', async () => {
  await createService('web')
  const stream = await listen(`since=0&until=${Date.now() / 1000 + 0.001}`)
  await eventually(() => expect(stream.ended()).toBe(true))
  expect(told(stream.events)).toEqual(['service create web'])
})

test.each([
  [{ type: ['secret'] }, ['secret create key']],
  [{ event: ['create'] }, ['service create web', 'secret create key']],
  [{ service: ['web'] }, ['service create web', 'service remove web']],
  [{ label: ['name=key'] }, ['secret create key']],
  [{ scope: ['local'] }, []],
  [{ type: ['container', 'secret'], event: { create: true } }, ['secret create key']],
])('filtered by %j only these are told: %j', async (filter, expected) => {
  await createService('web')
  await api.ask('POST', '/secrets/create', { Name: 'key', Data: 'YQ==' })
  await api.ask('DELETE', '/services/web')
  const stream = await listen(`since=0&until=${Date.now() / 1000 + 0.001}&${filters(filter)}`)
  await eventually(() => expect(stream.ended()).toBe(true))
  expect(told(stream.events)).toEqual(expected)
})

test.each([
  ['since=yesterday', 'invalid syntax'],
  ['since=20&until=10', 'since time (20) cannot be after until time (10)'],
  [filters({ colour: ['red'] }), "invalid filter 'colour'"],
])('%s is refused', async (query, message) => {
  const { status, body } = await api.ask('GET', `/events?${query}`)
  expect(status).toBe(400)
  expect(body.message).toContain(message)
})

test.each([
  [{ type: ['container'] }, ['container start web.1', 'container die web.1']],
  [{ container: ['web.1'] }, ['container start web.1', 'container die web.1']],
  [{ container: ['c'.repeat(12)], event: ['die'] }, ['container die web.1']],
  [{ image: ['busybox'], event: ['start'] }, ['container start web.1']],
  [
    { type: ['container'], label: ['com.docker.swarm.service.name=web'] },
    ['container start web.1', 'container die web.1'],
  ],
  [{ type: ['container'], label: ['com.docker.swarm.service.name=api'] }, []],
])('of containers, filtered by %j: %j', async (filter, expected) => {
  await createService('web')
  const service = api.scene.state.serviceNamed('web')
  if (!service) throw new Error('no service')
  const base = aTask('t1', { ServiceID: service.ID, NodeID: WORKER })
  for (const State of ['running', 'failed'] as const) {
    const ContainerStatus = { ContainerID: 'c'.repeat(64), PID: 1, ExitCode: 1 }
    const Status = { ...base.Status, State, ContainerStatus }
    await api.scene.state.commit([put('task', { ...(api.scene.state.get('task', 't1') ?? base), Status })])
  }
  const stream = await listen(`since=0&until=${Date.now() / 1000 + 0.001}&${filters(filter)}`)
  await eventually(() => expect(stream.ended()).toBe(true))
  expect(told(stream.events).map((line) => line.replace('.t1', ''))).toEqual(expected)
})
