import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

    test('runs jobs to their completion, and anew when they are updated', async () => {
      const replicated = ['--mode', 'replicated-job', '--replicas', '3', '--max-concurrent', '2']
      const create = ['service', 'create', '--name', 'sum', ...replicated, IMAGE_1, 'sh', '-c', 'sleep 1']
      expect(await succeeds(...create)).toMatch(/job complete/)
      expect(await succeeds('service', 'ls')).toMatch(/sum +replicated job +0\/0 \(3\/3 completed\)/)
      expect(await succeeds('service', 'ps', '--format', '{{.CurrentState}}', 'sum')).toMatch(
        /^(Complete .*\n){3}$/,
      )
      expect(await succeeds('service', 'update', '--force', 'sum')).toMatch(/job complete/)
      const kept = (await cluster.containers('sum')).map(({ taskId }) => taskId)
      const completed = (await succeeds('service', 'ps', '-q', '--filter', 'desired-state=complete', 'sum'))
        .trim()
        .split('\n')
      expect(completed).toHaveLength(3)
      for (const task of completed) expect(kept).toContain(task)

      const everywhere = ['service', 'create', '--name', 'each', '--mode', 'global-job', IMAGE_1, 'true']
      expect(await succeeds(...everywhere)).toMatch(/job complete/)
      expect(await succeeds('service', 'ls')).toMatch(/each +global job +0\/0 \(2\/2 completed\)/)
    })

    test('gives secrets and configs to the tasks that want them, and to no disk', async () => {
      const file = join(cluster.certificates, 'secret.txt')
      writeFileSync(file, 'open-sesame')
      await succeeds('secret', 'create', 'door', file)
      writeFileSync(file, '{{.Node.Hostname}} says {{secret "word"}}')
      await succeeds('config', 'create', '--template-driver', 'golang', 'motd', file)
      const files = [
        '--secret',
        'source=door,target=word,mode=0400',
        '--config',
        'source=motd,target=/etc/motd',
      ]
      const create = ['service', 'create', '--name', 'door', '--mode', 'global', ...QUICK, ...files]
      await succeeds(...create, IMAGE_1, 'sleep', '100000')
      for (const { host, id } of await cluster.containers('door')) {
        const read = (path: string): Promise<string> => host.mustRun(['docker', 'exec', id, 'cat', path])
        expect(await read('/run/secrets/word')).toBe('open-sesame')
        expect(await read('/etc/motd')).toBe(`${host.name} says open-sesame`)
        expect((await host.run(['grep', '-rl', 'open-sesame', '/var/lib/shoal'])).stdout).toBe('')
      }
      expect((await docker('secret', 'rm', 'door')).stderr).toMatch(
        /is in use by the following service: door/,
      )
      await succeeds('service', 'rm', 'door')
      await succeeds('secret', 'rm', 'door')
      await succeeds('config', 'rm', 'motd')
      await eventually(async () => expect(await cluster.containers('door')).toEqual([]))
      await eventually(async () => {
        for (const host of cluster.hosts) {
          expect((await host.run(['grep', '-rl', 'open-sesame', '/run/shoal'])).stdout).toBe('')
        }
      }, 60_000)
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
