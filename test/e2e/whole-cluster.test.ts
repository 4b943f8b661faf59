import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep, systemClock } from '@shoal/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, clientFiles } from '../support/api-client.js'
import { Cluster, type DockerHost, eventually, IMAGE_1, IMAGE_2 } from '../support/index.js'
import { mustRunProgram } from '../support/program.js'

const CTL = fileURLToPath(new URL('../../bin/ctl', import.meta.url))
const PATIENCE_MS = 90_000
const REPLICAS = 6
const SLEEPER = ['sleep', '100000']

/** The running containers of a service, with the moment of their start. */
async function lives(service: string, hosts: readonly DockerHost[]): Promise<string[]> {
  const all = (await Promise.all(hosts.map((host) => host.containers()))).flat()
  const running = all.filter((container) => container.running && container.serviceName === service)
  return running.map(({ id, startedAt }) => `${id} ${startedAt}`).sort()
}

async function imagesOf(service: string, hosts: readonly DockerHost[]): Promise<string[]> {
  const all = (await Promise.all(hosts.map((host) => host.containers()))).flat()
  return all
    .filter(({ running, serviceName }) => running && serviceName === service)
    .map(({ image }) => image)
}

/** One cluster's life: it begins on one host, grows, loses its managers, and comes back elsewhere. */
describe('a whole cluster', () => {
  let cluster: Cluster
  let hosts: readonly DockerHost[]
  let backup: string
  let tokens: string

  const create = (name: string, ...flags: string[]): Promise<string> =>
    cluster.mustCtl(
      'service',
      'create',
      '--name',
      name,
      '--replicas',
      String(REPLICAS),
      ...flags,
      IMAGE_1,
      ...SLEEPER,
    )
  const joinToken = (host: DockerHost): Promise<string> =>
    host.mustRun(['ctl', 'swarm', 'join-token', '-q', 'manager'])

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 3, members: 2 })
    hosts = cluster.hosts
    backup = join(cluster.certificates, 'backup')
  })
  afterAll(() => cluster?.end())

  test('given a rollout in motion, when it moves to etcd, then no container is restarted and the rollout goes on', async () => {
    const [first] = hosts as [DockerHost]
    await create('steady')
    await create('web', '--update-delay', '1s', '--update-monitor', '200ms', '--stop-grace-period', '1s')
    const steady = await lives('steady', hosts)
    expect(steady).toHaveLength(REPLICAS)
    const url = `http://${first.address}:2379`
    const flags = `--data-dir /etcd --listen-client-urls ${url} --advertise-client-urls ${url}`
    await first.mustRun(['sh', '-c', `setsid etcd ${flags} >/var/log/etcd.log 2>&1 </dev/null &`])

    await cluster.mustCtl('service', 'update', '--detach', '--image', IMAGE_2, 'web')
    await sleep(systemClock, 2000)
    const said = await eventually(() => first.mustRun(['ctl', 'swarm', 'move', '--etcd-endpoint', url]))
    expect(said).toContain(`The cluster keeps its state in etcd now: ${url}`)
    expect((await cluster.api.service('web')).UpdateStatus?.State).toBe('updating')

    await eventually(
      async () => expect((await cluster.api.service('web')).UpdateStatus?.State).toBe('completed'),
      PATIENCE_MS,
    )
    expect(await lives('steady', hosts)).toEqual(steady)
    // Each slot had its old task and its new one: nothing was started twice.
    const tasks = await cluster.api.tasks('web')
    expect(tasks).toHaveLength(2 * REPLICAS)
    expect(tasks.filter(({ Status }) => Status.State === 'running')).toHaveLength(REPLICAS)
  })

  test('given etcd, then another host joins as a manager', async () => {
    const [first, , third] = hosts as [DockerHost, DockerHost, DockerHost]
    const token = await joinToken(first)
    const at = ['--advertise-addr', third.address, `${first.address}:2377`]
    expect(await third.mustRun(['ctl', 'swarm', 'join', '--token', token, ...at])).toContain('as a manager')
    const managers = (await cluster.api.nodes()).filter(
      (node) => node.ManagerStatus?.Reachability === 'reachable',
    )
    expect(managers).toHaveLength(2)
  })

  test('when it is backed up, then the file is for its owner only', async () => {
    await cluster.mustCtl('service', 'scale', 'steady=9')
    tokens = await joinToken(hosts[0]!)
    expect(await cluster.mustCtl('swarm', 'backup', backup)).toContain(`are in ${backup}`)
    expect(statSync(backup).mode & 0o777).toBe(0o600)
  })

  test('given a lost host with the primary and etcd, when it is restored on a worker, then no container is restarted', async () => {
    const [first, second, third] = hosts as [DockerHost, DockerHost, DockerHost]
    const left = [second, third]
    // What has happened since the backup will be undone.
    await cluster.mustCtl('service', 'update', '--update-delay', '0s', '--image', IMAGE_1, 'web')
    const before = await lives('steady', left)
    const lostId = await cluster.nodeId(first)
    await first.powerOff()

    await second.copyIn(backup, '/root/backup')
    const said = await second.mustRun([
      'ctl',
      'swarm',
      'restore',
      '--advertise-addr',
      second.address,
      '/root/backup',
    ])
    expect(said).toContain(`ctl swarm start --manager-addr ${second.address}:2377`)
    expect(await joinToken(second)).toBe(tokens)

    const refusal = await third.run(['ctl', 'swarm', 'start', '--manager-addr', second.address])
    expect(refusal.stderr).toContain('this host runs a manager, which would go on beside the others')
    await third.mustRun(['ctl', 'swarm', 'start', '--force', '--manager-addr', second.address])

    const api = new ApiClient(`${second.address}:3376`, clientFiles(cluster.certificates))
    const stateOf = async (host: DockerHost): Promise<string> => {
      const node = (await api.nodes()).find(({ Description }) => Description.Hostname === host.name)
      return `${node?.Spec.Role} ${node?.Status.State}`
    }
    await eventually(async () => expect(await stateOf(third)).toBe('worker ready'), PATIENCE_MS)
    expect(await stateOf(second)).toBe('manager ready')
    expect(await stateOf(first)).toBe('worker unknown')
    // Long enough for heartbeats to be missed, were the lost node not given time.
    await sleep(systemClock, 20_000)
    expect(await lives('steady', left)).toEqual(before)

    // Once it is given up, its tasks come back elsewhere; the others stay what they are.
    const environment = { ...cluster.environment, DOCKER_HOST: `tcp://${second.address}:3376` }
    await mustRunProgram(CTL, ['node', 'rm', lostId], { environment })
    await eventually(async () => expect(await lives('steady', left)).toHaveLength(9), PATIENCE_MS)
    expect(await lives('steady', left)).toEqual(expect.arrayContaining(before))
    await eventually(
      async () => expect(await imagesOf('web', left)).toEqual(Array(REPLICAS).fill(IMAGE_2)),
      PATIENCE_MS,
    )
    api.close()
  })
})
