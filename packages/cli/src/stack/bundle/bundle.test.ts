import { describe, expect, test } from 'vitest'
import { planDeploy } from '../plan/decide.js'
import { aNetwork, aService, NOTHING } from '../testing/index.js'
import { desiredBundle } from './bundle.js'

const BUNDLE = {
  Version: '0.1',
  Services: {
    web: {
      Image: 'web@sha256:abc',
      Command: ['/bin/web'],
      Args: ['--fast'],
      Env: ['A=1'],
      Labels: { tier: 'front' },
      Ports: [
        { Protocol: 'tcp', Port: 80 },
        { Port: 53, Protocol: 'UDP' },
      ],
      Networks: ['default', 'back'],
      WorkingDir: '/srv',
      User: 'www',
    },
    db: { Image: 'db:1', Networks: ['back'] },
  },
}
const of = (bundle: unknown) => desiredBundle('shop', JSON.stringify(bundle))
const withService = (service: object) => of({ Version: '0.1', Services: { web: { Image: 'a', ...service } } })

test('a bundle becomes services and the networks that they name', () => {
  const { networks, services } = of(BUNDLE)
  expect(networks.map(({ Name, Driver }) => [Name, Driver])).toEqual([
    ['shop_back', 'overlay'],
    ['shop_default', 'overlay'],
  ])
  const stack = { 'com.docker.stack.namespace': 'shop' }
  expect(services[0]).toEqual({
    Name: 'shop_web',
    Labels: { tier: 'front', ...stack, 'com.docker.stack.image': 'web@sha256:abc' },
    TaskTemplate: {
      ContainerSpec: {
        Image: 'web@sha256:abc',
        Labels: { tier: 'front', ...stack },
        Command: ['/bin/web'],
        Args: ['--fast'],
        Env: ['A=1'],
        Dir: '/srv',
        User: 'www',
      },
      Networks: [
        { Target: 'shop_back', Aliases: ['web'] },
        { Target: 'shop_default', Aliases: ['web'] },
      ],
    },
    Mode: { Replicated: {} },
    EndpointSpec: {
      Ports: [
        { Protocol: 'tcp', TargetPort: 80 },
        { Protocol: 'udp', TargetPort: 53 },
      ],
    },
  })
  expect(services[1]?.TaskTemplate?.Networks).toEqual([{ Target: 'shop_back', Aliases: ['db'] }])
})

test('what is there already is not touched', () => {
  const desired = of(BUNDLE)
  const observed = {
    ...NOTHING,
    networks: desired.networks.map(({ Name, Labels }) => aNetwork(Name ?? '', { ...(Labels && { Labels }) })),
    services: desired.services.map((spec) => aService(spec)),
  }
  expect(planDeploy(desired, observed, false)).toEqual([])
})

describe('what is refused', () => {
  test.each<[string, () => unknown, string]>([
    ['no JSON', () => desiredBundle('shop', 'services:'), 'the bundle is no JSON'],
    ['another version', () => of({ ...BUNDLE, Version: '0.2' }), 'Version must be 0.1, not "0.2"'],
    ['no services', () => of({ Version: '0.1' }), 'the bundle has no service'],
    ['no image', () => withService({ Image: '' }), 'Services.web has no Image'],
    ['an unknown key', () => withService({ Replicas: 3 }), 'Services.web.Replicas is unknown to bundles'],
    ['no port', () => withService({ Ports: [{ Port: 0 }] }), 'Services.web.Ports.0.Port must be a port'],
    ['a text for a list', () => withService({ Args: 'x' }), 'Services.web.Args must be a list'],
  ])('%s', (_what, read, message) => {
    expect(read).toThrow(message)
  })
})
