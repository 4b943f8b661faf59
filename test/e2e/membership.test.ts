import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Cluster,
  type DockerHost,
  eventually,
  IMAGE_1,
  installedDockerClis,
  mustRunProgram,
} from '../support/index.js'

/** The stories follow one another on one cluster: host1 founds it, and is a worker at the end. */
describe('managers of a cluster on etcd', () => {
  let cluster: Cluster
  let hosts: DockerHost[]
  let docker: string

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 3, etcd: 1 })
    hosts = [...cluster.hosts]
    docker = (await installedDockerClis())[0]?.path ?? 'docker'
    const options = ['--name', 'web', '--replicas', '6', '--stop-grace-period', '1s']
    await cluster.mustCtl('service', 'create', ...options, IMAGE_1, 'sleep', '100000')
  })
  afterAll(() => cluster?.end())

  /** The docker CLI of this machine at a host's manager, over TLS. */
  const dockerAt = (host: DockerHost, ...args: string[]): Promise<string> =>
    mustRunProgram(docker, args, {
      environment: { ...cluster.environment, DOCKER_HOST: `tcp://${host.address}:3376` },
    })

  /** What `node ls` says at a manager: host, status and manager status. */
  const listed = async (at: DockerHost): Promise<string[]> => {
    const format = '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'
    return (await dockerAt(at, 'node', 'ls', '--format', format)).split('\n').map((line) => line.trim())
  }
  const untilListed = (at: DockerHost, ...expected: string[]): Promise<void> =>
    eventually(async () => expect((await listed(at)).sort()).toEqual(expected))

  /** The task containers of a host: the same as long as none is started or stopped. */
  const containersOf = async (host: DockerHost): Promise<string[]> =>
    (await host.containers()).map(({ id, startedAt, running }) => `${id} ${startedAt} ${running}`).sort()

  const files = async (host: DockerHost): Promise<string> => host.mustRun(['ls', '/var/lib/shoal'])

  test('a promoted worker runs a manager, and leads when the one that promoted it is demoted', async () => {
    const [host1, host2] = hosts as [DockerHost, DockerHost]
    const before = await Promise.all(hosts.map(containersOf))
    expect(await dockerAt(host1, 'node', 'promote', 'host2')).toBe(
      'Node host2 promoted to a manager in the swarm.',
    )
    await untilListed(host1, 'host1 Ready Leader', 'host2 Ready Reachable', 'host3 Ready')
    expect(await host2.mustRun(['ctl', 'node', 'ls', '-q'])).not.toBe('')

    expect(await dockerAt(host1, 'node', 'demote', 'host1')).toBe('Manager host1 demoted in the swarm.')
    await untilListed(host2, 'host1 Ready', 'host2 Ready Leader', 'host3 Ready')
    await eventually(async () => expect(await files(host1)).toBe('agent'))
    expect((await host1.run(['ctl', 'node', 'ls'])).stderr).toMatch(/Cannot connect/)
    expect(await Promise.all(hosts.map(containersOf))).toEqual(before)
    await expect(dockerAt(host2, 'node', 'demote', 'host2')).rejects.toThrow(
      /attempting to demote the last manager of the swarm/,
    )
  })

  test('a manager that is demoted while its host is off is a worker when it comes back', async () => {
    const [, host2, host3] = hosts as [DockerHost, DockerHost, DockerHost]
    await host2.mustRun(['ctl', 'node', 'promote', 'host3'])
    await untilListed(host2, 'host1 Ready', 'host2 Ready Leader', 'host3 Ready Reachable')
    await Promise.all([host3.halt('manager'), host3.halt('agent')])
    await untilListed(host2, 'host1 Ready', 'host2 Ready Leader', 'host3 Down Unreachable')
    await expect(dockerAt(host2, 'node', 'rm', 'host3')).rejects.toThrow(
      /must be demoted to worker before removal/,
    )
    await dockerAt(host2, 'node', 'demote', 'host3')
    await host3.startDaemons()
    await untilListed(host2, 'host1 Ready', 'host2 Ready Leader', 'host3 Ready')
    await eventually(async () => expect(await files(host3)).toBe('agent'))
  })

  test('a manager that leaves hands over, and its node can be removed', async () => {
    const [host1, host2] = hosts as [DockerHost, DockerHost]
    await dockerAt(host2, 'node', 'promote', 'host1')
    await untilListed(host2, 'host1 Ready Reachable', 'host2 Ready Leader', 'host3 Ready')
    expect((await host2.run(['ctl', 'swarm', 'leave'])).stderr).toMatch(/Another manager takes over/)
    expect(await host2.mustRun(['ctl', 'swarm', 'leave', '--force'])).toBe('Node left the swarm.')
    await untilListed(host1, 'host1 Ready Leader', 'host2 Down', 'host3 Ready')
    expect(await files(host2)).toBe('')
    expect(await dockerAt(host1, 'node', 'rm', 'host2')).toBe('host2')
    expect(await dockerAt(host1, 'service', 'ls', '--format', '{{.Replicas}}')).toBe('6/6')
  })
})
