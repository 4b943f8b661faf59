import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, eventually, IMAGE_1, IMAGE_2, installedDockerClis, type Outcome } from '../support/index.js'

const CLIS = await installedDockerClis()
const QUICK = ['--update-monitor', '500ms', '--rollback-monitor', '500ms', '--stop-grace-period', '1s']

describe('the unmodified docker CLI, over TLS', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 2 })
  })
  afterAll(() => cluster?.end())
  afterEach(() => cluster.clear())

  describe.each(CLIS)('$version', ({ path }) => {
    const docker = (...args: string[]): Promise<Outcome> => cluster.docker(path, ...args)
    async function succeeds(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await docker(...args)
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
      return stdout
    }

    test('sees the cluster and its nodes', async () => {
      expect(await succeeds('version')).toMatch(/Server: Shoal/)
      const info = await succeeds('info')
      expect(info).toMatch(/Swarm: active/)
      expect(info).toMatch(/Nodes: 2/)
      const list = await succeeds('node', 'ls')
      expect(list).toMatch(/\* +host1 +Ready +Active +Leader/)
      expect(list).toMatch(/host2 +Ready +Active/)
      expect(await succeeds('node', 'inspect', '--pretty', 'host2')).toMatch(/Hostname:\s+host2/)
      await succeeds('node', 'update', '--label-add', 'zone=east', 'host2')
      expect(await succeeds('node', 'inspect', '-f', '{{.Spec.Labels.zone}}', 'host2')).toBe('east\n')
      expect((await docker('node', 'rm', 'host2')).stderr).toMatch(/is not down and can't be removed/)
    })

    test('runs the life of a service, each step watched until it has converged', async () => {
      const converged = /verify: Service (\w+ )?converged\s*$/
      const create = ['service', 'create', '--name', 'web', '--replicas', '2', ...QUICK, IMAGE_1]
      expect(await succeeds(...create, 'sleep', '100000')).toMatch(converged)
      expect(await succeeds('service', 'ls')).toMatch(/web +replicated +2\/2 +shoal-busybox:1/)
      expect(await succeeds('service', 'ps', 'web')).toMatch(
        /web\.1 +shoal-busybox:1 +host\d +Running +Running/,
      )
      expect(await succeeds('node', 'ps', 'host1', 'host2')).toMatch(/web\.2/)
      expect(await succeeds('service', 'inspect', '--pretty', 'web')).toMatch(/Replicas:\s+2/)

      const update = ['service', 'update', '--update-parallelism', '2', '--image', IMAGE_2, 'web']
      expect(await succeeds(...update)).toMatch(converged)
      expect(
        (await cluster.containers('web')).filter(({ running }) => running).map(({ image }) => image),
      ).toEqual([IMAGE_2, IMAGE_2])
      expect(await succeeds('service', 'scale', 'web=4')).toMatch(converged)
      expect(await succeeds('service', 'rollback', 'web')).toMatch(
        /verify: Service (\w+ )?converged\s+rollback: rollback completed\s*$/,
      )
      await eventually(async () =>
        expect(await succeeds('service', 'ls', '--format', '{{.Replicas}}')).toBe('2/2\n'),
      )

      expect(await succeeds('service', 'rm', 'web')).toBe('web\n')
      await eventually(async () => expect(await cluster.containers('web')).toEqual([]))
    })
  })

  test('removes a node that has left', async () => {
    await cluster.workers[0]!.mustRun(['ctl', 'swarm', 'leave'])
    const [cli] = CLIS
    await eventually(async () => {
      const { code, stdout } = await cluster.docker(cli!.path, 'node', 'rm', 'host2')
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'host2\n' })
    })
  })
})
