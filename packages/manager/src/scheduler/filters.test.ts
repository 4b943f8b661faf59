import type { GenericResource } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import type { NodeRecord } from '../state/records.js'
import { aNode } from '../state/testing/index.js'
import {
  decide,
  outcomes,
  specWith,
  status,
  pending,
  running,
  labelled,
  offering,
  withPlugins,
  discrete,
  named,
  reserving,
  publishing,
  volumeOf,
  type Given,
} from './testing/index.js'

describe('one node, one task: what each filter says', () => {
  const down: NodeRecord = { ...aNode('n1'), Status: { State: 'down', Addr: '' } }
  const generic = (wanted: GenericResource[]) =>
    specWith({ Resources: { Reservations: { GenericResources: wanted } } })
  const cases: [string, Given, string][] = [
    ['a ready node', { nodes: [aNode('n1')] }, 'n1'],
    ['no node at all', { nodes: [] }, 'no suitable node'],
    ['a node that is down', { nodes: [down] }, 'no suitable node (1 node not available for new tasks)'],
    [
      'two that are paused or drained',
      {
        nodes: [
          { ...aNode('n1'), Spec: { Availability: 'pause' } },
          { ...aNode('n2'), Spec: { Availability: 'drain' } },
        ],
      },
      'no suitable node (2 nodes not available for new tasks)',
    ],
    ['exactly enough CPUs', { nodes: [aNode('n1')], specs: [specWith(reserving(4e9))] }, 'n1'],
    [
      'one CPU too few',
      { nodes: [aNode('n1')], specs: [specWith(reserving(5e9))] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory that a running task holds',
      { nodes: [aNode('n1')], specs: [specWith(reserving(0, 5 * 1024 ** 3))], tasks: [running('a', 'n1')] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory of a task that was told to stop and has not',
      {
        nodes: [aNode('n1')],
        specs: [specWith(reserving(0, 5 * 1024 ** 3))],
        tasks: [running('a', 'n1', { DesiredState: 'shutdown' })],
      },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory of a task that has ended',
      {
        nodes: [aNode('n1')],
        specs: [specWith(reserving(0, 5 * 1024 ** 3))],
        tasks: [running('a', 'n1', { Status: status('failed') })],
      },
      'n1',
    ],
    [
      'an amount',
      { nodes: [offering('n1', [discrete('ssd', 2)])], specs: [generic([discrete('ssd', 2)])] },
      'n1',
    ],
    [
      'too small an amount',
      { nodes: [offering('n1', [discrete('ssd', 2)])], specs: [generic([discrete('ssd', 3)])] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'a kind that nobody offers',
      { nodes: [aNode('n1')], specs: [generic([discrete('gpu', 1)])] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'names that are all held',
      {
        nodes: [offering('n1', [named('gpu', 'g1')])],
        specs: [generic([discrete('gpu', 1)])],
        tasks: [running('a', 'n1', { AssignedGenericResources: [named('gpu', 'g1')] })],
      },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'a volume plugin',
      { nodes: [withPlugins('n1', 'Volume/nfs:latest')], specs: [specWith(volumeOf('nfs'))] },
      'n1',
    ],
    ['the local volume driver', { nodes: [aNode('n1')], specs: [specWith(volumeOf('local'))] }, 'n1'],
    [
      'a volume plugin that is missing',
      { nodes: [withPlugins('n1', 'Volume/local')], specs: [specWith(volumeOf('nfs'))] },
      'no suitable node (missing plugin on 1 node)',
    ],
    [
      'a log driver that is missing',
      { nodes: [withPlugins('n1', 'Log/json-file')], specs: [specWith({ LogDriver: { Name: 'loki' } })] },
      'no suitable node (missing plugin on 1 node)',
    ],
    [
      'an engine that lists no log drivers',
      { nodes: [withPlugins('n1')], specs: [specWith({ LogDriver: { Name: 'loki' } })] },
      'n1',
    ],
    [
      'a constraint',
      {
        nodes: [labelled('n1', { zone: 'a' })],
        specs: [specWith({ Placement: { Constraints: ['node.labels.zone==b'] } })],
      },
      'no suitable node (scheduling constraints not satisfied on 1 node)',
    ],
    [
      'a stored text that is no constraint',
      { nodes: [aNode('n1')], specs: [specWith({ Placement: { Constraints: ['nonsense'] } })] },
      'no suitable node (scheduling constraints not satisfied on 1 node)',
    ],
    [
      'another platform',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { Platforms: [{ OS: 'linux', Architecture: 'arm64' }] } })],
      },
      'no suitable node (unsupported platform on 1 node)',
    ],
    [
      'a host port in use',
      { nodes: [aNode('n1')], specs: [specWith({}, publishing(80))], tasks: [running('a', 'n1')] },
      'no suitable node (host-mode port already in use on 1 node)',
    ],
    [
      'the same host port of another protocol',
      {
        nodes: [aNode('n1')],
        specs: [
          specWith({}, publishing(80)),
          { ...specWith({}, publishing(80, 'udp')), ID: 'dns/1', ServiceID: 'dns' },
        ],
        tasks: [running('a', 'n1', { ServiceID: 'dns' })],
      },
      'n1',
    ],
    [
      'the limit of replicas',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { MaxReplicas: 1 } })],
        tasks: [running('a', 'n1')],
      },
      'no suitable node (max replicas per node limit exceed)',
    ],
  ]
  test.each(cases)('%s', (_name, given, expected) => {
    expect(outcomes(decide(given, [pending('new')]))).toEqual([expected])
  })

  test('the reasons add up, the most frequent first, each node for its first reason', () => {
    const nodes = [
      labelled('n1', { zone: 'b' }),
      labelled('n2', { zone: 'a' }),
      labelled('n3', { zone: 'a' }),
      { ...aNode('n4'), Spec: { Availability: 'drain' } },
    ]
    const spec = specWith({ ...reserving(4e9), Placement: { Constraints: ['node.labels.zone==a'] } })
    const decisions = decide({ nodes, specs: [spec], tasks: [running('a', 'n2'), running('b', 'n3')] }, [
      pending('new'),
    ])
    expect(outcomes(decisions)).toEqual([
      'no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks; ' +
        'scheduling constraints not satisfied on 1 node)',
    ])
  })

  test('a task that says its reason already is left alone', () => {
    const told = pending('new', { Status: { ...status('pending'), Err: 'no suitable node' } })
    expect(outcomes(decide({ nodes: [] }, [told]))).toEqual(['left alone'])
  })

  test('named resources are claimed by name, each once', () => {
    const spec = specWith({ Resources: { Reservations: { GenericResources: [discrete('gpu', 1)] } } })
    const given = { nodes: [offering('n1', [named('gpu', 'g1'), named('gpu', 'g2')])], specs: [spec] }
    const decisions = decide(given, [pending('a'), pending('b'), pending('c')])
    expect(decisions.map((decision) => decision.type === 'assign' && decision.generic)).toEqual([
      [named('gpu', 'g1')],
      [named('gpu', 'g2')],
      false,
    ])
  })
})
