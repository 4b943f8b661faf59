import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import type { NodeRecord } from '../state/records.js'
import { aNode, aService } from '../state/testing/index.js'
import { explain, type Explanation, type Subject } from './explain.js'
import { NodeSet } from './node-set.js'
import {
  discrete,
  type Given,
  labelled,
  named,
  offering,
  pending,
  publishing,
  reserving,
  running,
  specWith,
  viewOf,
  volumeOf,
  withPlugins,
} from './testing/index.js'

const GiB = 1024 ** 3
const asked = (given: Given, subject: Subject = { type: 'task', taskId: 'new' }): Promise<Explanation> => {
  const view = viewOf({ ...given, tasks: [...(given.tasks ?? []), pending('new')] })
  return explain({ view, set: NodeSet.of(view, given.useOf), clock: new VirtualClock() }, subject)
}
/** `node: asked for | found`, a line for everything that a node lacks. */
const lines = ({ nodes }: Explanation): string[] =>
  nodes.flatMap(({ ID, Accepts, IsHere, Refusals }) => {
    const verdict = `${ID}${IsHere ? ' (here)' : ''}`
    return Accepts
      ? `${verdict} accepts`
      : Refusals.map(({ Asked, Found }) => `${verdict}: ${Asked} | ${Found}`)
  })
const small = (id: string, NanoCPUs: number, MemoryBytes: number): NodeRecord => {
  const node = aNode(id)
  return { ...node, Description: { ...node.Description, Resources: { NanoCPUs, MemoryBytes } } }
}

describe('what a node says that refuses a task', () => {
  const cases: [string, Given, string[]][] = [
    [
      'what it is',
      {
        nodes: [
          { ...aNode('n1'), Status: { State: 'down', Addr: '' } },
          { ...aNode('n2'), Spec: { Availability: 'drain' } },
        ],
      },
      ['n1: a node that takes tasks | down', 'n2: a node that takes tasks | availability drain'],
    ],
    [
      'how much is free of how much',
      {
        nodes: [small('n1', 2.5e9, 8 * GiB), small('n2', 1e9, 1.5 * GiB)],
        specs: [specWith(reserving(1.5e9, 2 * GiB))],
        tasks: [running('a', 'n1')],
      },
      [
        'n1: 1.5 CPUs | 1 of 2.5 free',
        'n2: 1.5 CPUs | 1 of 1 free',
        'n2: 2GiB of memory | 1.5GiB of 1.5GiB free',
      ],
    ],
    [
      'that nothing is free where more is promised than there is',
      {
        nodes: [small('n1', 1e9, GiB)],
        specs: [specWith(reserving(1e9))],
        tasks: ['a', 'b'].map((id) => running(id, 'n1')),
      },
      ['n1: 1 CPU | 0 of 1 free'],
    ],
    [
      'a shortage that rounding would hide',
      { nodes: [small('n1', 0.999e9, GiB - 1)], specs: [specWith(reserving(1e9, GiB))] },
      ['n1: 1 CPU | 0.99 of 0.99 free', 'n1: 1GiB of memory | 1023.99MiB of 1023.99MiB free'],
    ],
    [
      'resources of its own kind',
      {
        nodes: [offering('n1', [named('gpu', 'g1'), named('gpu', 'g2')]), aNode('n2')],
        specs: [specWith({ Resources: { Reservations: { GenericResources: [discrete('gpu', 3)] } } })],
      },
      ['n1: 3 of "gpu" | 2 of 2 free', 'n2: 3 of "gpu" | none'],
    ],
    [
      'the constraints that it does not meet, and only these',
      {
        nodes: [labelled('n1', { disk: 'hdd', zone: 'a' }), labelled('n2', { zone: 'a' })],
        specs: [
          specWith({
            Placement: {
              Constraints: ['node.labels.zone==a', 'node.labels.disk==ssd', 'node.hostname!=~n1'],
            },
          }),
        ],
      },
      ['n1: node.labels.disk==ssd | hdd', 'n2: node.labels.disk==ssd | not set'],
    ],
    [
      'that no node has such a key',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { Constraints: ['node.label.disk==ssd', 'node.zone!=b'] } })],
      },
      [
        'n1: node.label.disk==ssd | unknown key: node.labels.disk may be meant',
        'n1: node.zone!=b | unknown key',
      ],
    ],
    [
      'the plugin that is missing',
      { nodes: [withPlugins('n1', 'Volume/local')], specs: [specWith(volumeOf('nfs'))] },
      ['n1: the volume plugin "nfs" | missing'],
    ],
    [
      'its platform',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { Platforms: [{ OS: 'linux', Architecture: 'arm64' }] } })],
      },
      ["n1: one of the image's platforms: linux/arm64 | linux/x86_64"],
    ],
    [
      'who holds the port',
      {
        nodes: [aNode('n1')],
        specs: [
          specWith({}, publishing(80)),
          { ...specWith({}, publishing(80)), ID: 'proxy/1', ServiceID: 'proxy' },
        ],
        services: [aService('proxy', { Spec: { Name: 'edge' } })],
        tasks: [running('a', 'n1', { ServiceID: 'proxy' })],
      },
      ["n1: the host's port tcp/80 | in use by edge"],
    ],
    [
      'how many are there',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { MaxReplicas: 2 } })],
        tasks: ['a', 'b'].map((id) => running(id, 'n1')),
      },
      ['n1: at most 2 of the service per node | 2 here'],
    ],
    [
      'what is in use',
      {
        nodes: [small('n1', 4e9, 8 * GiB)],
        specs: [specWith(reserving(2e9, GiB))],
        services: [aService('web', { Spec: { Name: 'web', Labels: { 'shoal.resources': 'measured' } } })],
        useOf: () => ({ cpus: 2.5, memoryBytes: 7.5 * GiB }),
      },
      ['n1: 2 CPUs not in use | 1.5 of 4', 'n1: 1GiB of memory not in use | 512MiB of 8GiB'],
    ],
  ]
  test.each(cases)('%s', async (_name, given, expected) => {
    expect(lines(await asked(given))).toEqual(expected)
  })
})

describe('who is asked, and about what', () => {
  const nodes = [small('n1', 2e9, GiB), small('n2', 1e9, GiB)]
  const specs = [specWith(reserving(2e9))]

  test('a task that is placed is not in its own way, but others are', async () => {
    const tasks = [running('a', 'n1')]
    expect(lines(await asked({ nodes, specs, tasks }, { type: 'task', taskId: 'a' }))).toEqual([
      'n1 (here) accepts',
      'n2: 2 CPUs | 1 of 1 free',
    ])
    const forNew = await asked({ nodes, specs, tasks }, { type: 'new', serviceId: 'web', specVersion: 1 })
    expect(lines(forNew)).toEqual(['n1: 2 CPUs | 0 of 2 free', 'n2: 2 CPUs | 1 of 1 free'])
    expect(forNew.summary).toBe('no suitable node (insufficient resources on 2 nodes)')
  })

  test('a task that is bound to a node is judged there alone', async () => {
    const view = viewOf({ nodes, specs, tasks: [pending('bound', { NodeID: 'n2', Slot: 3 })] })
    const { summary, nodes: verdicts } = await explain(
      { view, set: NodeSet.of(view), clock: new VirtualClock() },
      { type: 'task', taskId: 'bound' },
    )
    expect(verdicts.map(({ ID }) => ID)).toEqual(['n2'])
    expect(summary).toBe('no suitable node (insufficient resources on 1 node)')
  })

  test('the nodes of a global service are each asked about their own task', async () => {
    const tasks = [running('a', 'n1')]
    expect(
      lines(await asked({ nodes, specs, tasks }, { type: 'each', serviceId: 'web', specVersion: 1 })),
    ).toEqual(['n1 (here) accepts', 'n2: 2 CPUs | 1 of 1 free'])
  })

  test('a task, or a spec, that is gone is not found', async () => {
    await expect(asked({ nodes }, { type: 'task', taskId: 'gone' })).rejects.toThrow('task gone not found')
    const unknown = { type: 'new', serviceId: 'web', specVersion: 9 } as const
    await expect(asked({ nodes }, unknown)).rejects.toThrow('not found')
  })
})
