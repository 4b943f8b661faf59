import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, type DockerHost, eventually, IMAGE_1 } from '../support/index.js'

/** Without them, every step waits five seconds to see that its tasks are stable. */
const QUICK = ['--update-monitor', '500ms', '--stop-signal', 'SIGKILL']
const SLEEP = [IMAGE_1, 'sleep', '100000']

describe('where tasks run, and why they do not', () => {
  let cluster: Cluster
  let host1: DockerHost
  let host2: DockerHost
  let host3: DockerHost
  /** Comes into the cluster late. */
  let host4: DockerHost

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 4, members: 3 })
    ;[host1, host2, host3, host4] = cluster.hosts as [DockerHost, DockerHost, DockerHost, DockerHost]
  })
  afterAll(() => cluster?.end())
  afterEach(() => cluster.clear())

  const create = (name: string, ...args: string[]): Promise<string> =>
    cluster.mustCtl('service', 'create', '--name', name, ...QUICK, ...args, ...SLEEP)
  const createDetached = (name: string, ...args: string[]): Promise<string> =>
    create(name, '--detach', ...args)
  const updateNode = (host: DockerHost, ...args: string[]): Promise<string> =>
    cluster.mustCtl('node', 'update', ...args, host.name)
  const hostsOf = async (service: string): Promise<string[]> =>
    (await cluster.containers(service))
      .filter(({ running }) => running)
      .map(({ host }) => host.name)
      .sort()
  /** Why the tasks of a service wait, each reason once. */
  const reasons = async (service: string): Promise<string[]> => {
    const pending = (await cluster.api.tasks(service)).filter(({ Status }) => Status.State === 'pending')
    return [...new Set(pending.map(({ Status }) => Status.Err ?? ''))]
  }

  test('a constraint on a node label holds, and tasks move when the label goes', async () => {
    await updateNode(host2, '--label-add', 'disk=ssd')
    await create('db', '--replicas', '2', '--constraint', 'node.labels.disk==ssd')
    expect(await hostsOf('db')).toEqual(['host2', 'host2'])

    await updateNode(host3, '--label-add', 'disk=ssd')
    await updateNode(host2, '--label-rm', 'disk')
    await eventually(async () => expect(await hostsOf('db')).toEqual(['host3', 'host3']))

    await updateNode(host3, '--label-rm', 'disk')
    await eventually(async () =>
      expect(await reasons('db')).toEqual([
        'no suitable node (scheduling constraints not satisfied on 3 nodes)',
      ]),
    )
  })

  test('draining a node moves its tasks, pausing it only keeps new ones away', async () => {
    await create('web', '--replicas', '3')
    expect(await hostsOf('web')).toEqual(['host1', 'host2', 'host3'])

    await updateNode(host3, '--availability', 'pause')
    await cluster.mustCtl('service', 'scale', 'web=5')
    expect(await hostsOf('web')).toEqual(['host1', 'host1', 'host2', 'host2', 'host3'])

    await updateNode(host3, '--availability', 'drain')
    await eventually(async () => {
      expect((await hostsOf('web')).filter((name) => name === 'host3')).toEqual([])
      expect(await hostsOf('web')).toHaveLength(5)
    })
    await updateNode(host3, '--availability', 'active')
  })

  test('a global service follows the label that it asks for', async () => {
    await updateNode(host1, '--label-add', 'tier=front')
    await create('agent', '--mode', 'global', '--constraint', 'node.labels.tier==front')
    expect(await hostsOf('agent')).toEqual(['host1'])
    await updateNode(host3, '--label-add', 'tier=front')
    await eventually(async () => expect(await hostsOf('agent')).toEqual(['host1', 'host3']))
    await updateNode(host1, '--label-rm', 'tier')
    await eventually(async () => expect(await hostsOf('agent')).toEqual(['host3']))
    await updateNode(host3, '--label-rm', 'tier')
    await eventually(async () => expect(await hostsOf('agent')).toEqual([]))
  })

  test('a host port that is taken everywhere leaves the task pending, with the reason', async () => {
    await create('first', '--mode', 'global', '--publish', 'mode=host,published=8080,target=80')
    await createDetached('second', '--publish', 'mode=host,published=8080,target=80')
    const reason = 'no suitable node (host-mode port already in use on 3 nodes)'
    await eventually(async () => expect(await reasons('second')).toEqual([reason]))
    expect(await cluster.mustCtl('service', 'ps', '--no-trunc', 'second')).toContain(reason)
    await cluster.mustCtl('service', 'rm', 'first')
    await eventually(async () => expect(await hostsOf('second')).toHaveLength(1))
  })

  test('what no host can hold stays pending, and replicas beyond the maximum per node too', async () => {
    await createDetached('huge', '--reserve-memory', '900g')
    await eventually(async () =>
      expect(await reasons('huge')).toEqual(['no suitable node (insufficient resources on 3 nodes)']),
    )
    const why = await cluster.mustCtl('service', 'explain', 'huge')
    expect(why).toContain('nodes that would take it: 0 of 3')
    expect(why.match(/^host\d +refuses +900GiB of memory +\S+ of \S+ free$/gm)).toHaveLength(3)
    await createDetached('few', '--replicas', '4', '--replicas-max-per-node', '1')
    await eventually(async () => {
      expect(await hostsOf('few')).toEqual(['host1', 'host2', 'host3'])
      expect(await reasons('few')).toEqual(['no suitable node (max replicas per node limit exceed)'])
    })
  })

  test('affinities, wishes and regular expressions choose hosts, and a bad one is refused', async () => {
    await create('db', '--constraint', 'node.hostname==/^host[23]$/', '--constraint', 'node.hostname!=~host2')
    expect(await hostsOf('db')).toEqual(['host3'])
    await create('beside', '--replicas', '2', '--constraint', 'affinity:service==db')
    expect(await hostsOf('beside')).toEqual(['host3', 'host3'])
    await create('apart', '--replicas', '2', '--constraint', 'affinity:container!=db.1')
    expect(await hostsOf('apart')).toEqual(['host1', 'host2'])
    await createDetached('lonely', '--constraint', 'affinity:service==/^nobody/')
    await eventually(async () =>
      expect(await reasons('lonely')).toEqual(['no suitable node (affinities not satisfied on 3 nodes)']),
    )
    const refused = await cluster.ctl('service', 'create', '--constraint', 'node.hostname==/(/', IMAGE_1)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/value '\/\(\/' is invalid: missing closing \)/)
  })

  test('tasks go back to a host that was away when it is asked for, or by themselves, never fewer than before', async () => {
    const running = async (service: string): Promise<number> =>
      (await cluster.api.tasks(service)).filter(
        ({ Status, DesiredState }) => Status.State === 'running' && DesiredState === 'running',
      ).length
    await updateNode(host3, '--availability', 'drain')
    try {
      await create('asked', '--replicas', '4', '--update-parallelism', '2')
      await create('self', '--replicas', '4', '--label', 'shoal.rebalance=auto')
      expect(await hostsOf('asked')).toEqual(['host1', 'host1', 'host2', 'host2'])
    } finally {
      await updateNode(host3, '--availability', 'active')
    }

    let isOver = false
    let fewest = 4
    const watched = (async () => {
      while (!isOver) fewest = Math.min(fewest, await running('asked'), await running('self'))
    })()
    try {
      expect(await cluster.mustCtl('service', 'rebalance', 'asked')).toContain('1 task moved')
      expect((await hostsOf('asked')).filter((name) => name === 'host3')).toHaveLength(1)
      await eventually(async () => expect(await hostsOf('self')).toContain('host3'))
      await eventually(async () => expect(await hostsOf('self')).toHaveLength(4))
    } finally {
      isOver = true
      await watched
    }
    expect(fewest).toBe(4)
  })

  test('only the token of today lets a host in; then its tasks come by themselves', async () => {
    await create('agent', '--mode', 'global')
    const address = `${host1.address}:2377`
    const join = (token: string) => host4.run(['ctl', 'swarm', 'join', '--token', token, address])
    const old = await cluster.mustCtl('swarm', 'join-token', '-q', 'worker')
    const token = await cluster.mustCtl('swarm', 'join-token', '-q', '--rotate', 'worker')
    const ofAnotherCluster = token.replace(/^(SWMTKN-1-)\w{50}/, `$1${'0'.repeat(50)}`)

    for (const [wrong, message] of [
      [old, /could not join the swarm .*invalid join token/],
      [ofAnotherCluster, /could not join the swarm .*remote CA does not match fingerprint/],
      ['SWMTKN-1-nonsense', /could not join the swarm .*invalid join token/],
    ] as const) {
      const refused = await join(wrong)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(message)
      expect(await cluster.api.nodes()).toHaveLength(3)
    }

    const joined = await join(token)
    expect(joined).toMatchObject({ code: 0, stdout: 'This node joined a swarm as a worker.\n' })
    await eventually(async () => expect(await hostsOf('agent')).toEqual(['host1', 'host2', 'host3', 'host4']))
  })

  test('a node that is up is not removed; one that has left is, and nothing of it stays', async () => {
    await create('web', '--replicas', '4')
    const refused = await cluster.ctl('node', 'rm', 'host4')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/is not down and can't be removed/)

    const left = await host4.run(['ctl', 'swarm', 'leave'])
    expect(left).toMatchObject({ code: 0, stdout: 'Node left the swarm.\n' })
    expect(await host4.containers()).toEqual([])
    await eventually(async () => expect(await hostsOf('web')).toHaveLength(4))
    await eventually(async () => expect(await cluster.mustCtl('node', 'rm', 'host4')).toBe('host4'))
    expect((await cluster.api.nodes()).map((node) => node.Description.Hostname).sort()).toEqual([
      'host1',
      'host2',
      'host3',
    ])
  })
})
