import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { put } from '../../state/index.js'
import { aService, aSpec, aTask, createTestState } from '../../state/testing/index.js'
import { healthOf } from './health.js'
import { isMounted, mountsOf } from './mounts.js'
import { portFilter } from './ports.js'

test.each([
  ['80', true],
  ['80/tcp', true],
  ['8000-8010', false],
  ['79-81/tcp', true],
  ['80/udp', false],
  ['53/udp', true],
])('published on 80/tcp and 53/udp: the filter publish=%s is %j', (text, expected) => {
  const ports = [
    { PublicPort: 80, PrivatePort: 8080, Type: 'tcp' },
    { PublicPort: 53, PrivatePort: 53, Type: 'udp' },
    { PrivatePort: 8005, Type: 'tcp' },
  ]
  expect(portFilter(text)(ports)).toBe(expected)
})

test.each([[''], ['http'], ['81-80'], ['65536'], ['80/icmp']])('publish=%s is refused', (text) => {
  expect(() => portFilter(text)).toThrow(`invalid filter 'publish=${text}'`)
})

test('mounts are those of the service, found by a volume’s name and by where they are', () => {
  const mounts = mountsOf({
    Mounts: [
      { Type: 'volume', Source: 'data', Target: '/var/lib' },
      { Type: 'bind', Source: '/srv', Target: '/www', ReadOnly: true },
    ],
  })
  expect(mounts).toMatchObject([
    { Type: 'volume', Name: 'data', Destination: '/var/lib', RW: true },
    { Type: 'bind', Source: '/srv', Destination: '/www', RW: false },
  ])
  for (const wanted of ['data', '/var/lib', '/www']) expect(isMounted(mounts, wanted)).toBe(true)
  for (const wanted of ['dat', '/srv', '/var']) expect(isMounted(mounts, wanted)).toBe(false)
})

test('the health of a container follows from its task', async () => {
  const state = await createTestState(new VirtualClock())
  const { TaskTemplate, ...spec } = aSpec('web', 1)
  const ContainerSpec = { ...TaskTemplate.ContainerSpec, Healthcheck: { Test: ['CMD', 'true'] } }
  await state.commit([
    put('service', aService('web')),
    put('spec', { ...spec, TaskTemplate: { ContainerSpec } }),
  ])
  const task = aTask('t1')
  const as = (State: 'starting' | 'running' | 'failed', Err?: string) =>
    healthOf(state, { ...task, Status: { ...task.Status, State, ...(Err && { Err }) } })
  expect(as('starting')).toBe('starting')
  expect(as('running')).toBe('healthy')
  expect(as('failed', 'unhealthy container')).toBe('unhealthy')
  expect(healthOf(await createTestState(new VirtualClock()), task)).toBe('none')
})
