import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '@shoal/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aClusterWithApi, letTasksRun, MANAGER, WORKER, type ApiScene } from './api-scene.js'

const run = promisify(execFile)

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const CLIS = await installedClis()

test('there is a docker CLI to try', (context) => {
  context.skip(CLIS.length === 0, 'no docker CLI is on the search path')
  expect(CLIS).not.toEqual([])
})

describe.each(CLIS)('the unmodified docker CLI $version ($path)', ({ path }) => {
  let scene: ApiScene
  let folder: string
  const ending = new AbortController()

  beforeAll(async () => {
    scene = await aClusterWithApi()
    folder = mkdtempSync(join(tmpdir(), 'shoal-api-'))
    await scene.server().listen({ path: join(folder, 'api.sock') })
    letTasksRun({ state: scene.state, book: scene.options.book }, systemClock, ending.signal)
  })
  afterAll(async () => {
    ending.abort()
    await scene.end()
    rmSync(folder, { recursive: true })
  })

  async function docker(...args: string[]): Promise<Outcome> {
    const environment = { PATH: process.env['PATH'], HOME: folder, DOCKER_HOST: `unix://${folder}/api.sock` }
    try {
      const { stdout, stderr } = await run(path, args, { env: environment, timeout: 60_000 })
      return { code: 0, stdout, stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome
      return { code, stdout, stderr }
    }
  }

  async function succeeds(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await docker(...args)
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
    return stdout
  }

  const QUICK = ['--update-monitor', '300ms', '--rollback-monitor', '300ms']

  test('version and info describe the cluster', async () => {
    const version = await succeeds('version')
    expect(version).toMatch(/Server: Shoal/)
    expect(version).toMatch(/Version:\s+0\.1\.0/)
    const info = await succeeds('info')
    expect(info).toMatch(/Swarm: active/)
    expect(info).toMatch(/Nodes: 2/)
    expect(info).toMatch(/Managers: 1/)
    expect(info).toMatch(/Manager Addresses:\s+10\.0\.0\.1:2377/)
  })

  test('nodes are listed, inspected and updated', async () => {
    const list = await succeeds('node', 'ls')
    expect(list).toMatch(new RegExp(`${MANAGER} \\*\\s+${MANAGER}\\s+Ready\\s+Active\\s+Leader`))
    expect(list).toMatch(new RegExp(`${WORKER}\\s+${WORKER}\\s+Ready\\s+Active\\s+28.0.0`))
    expect(await succeeds('node', 'inspect', '--pretty', 'self')).toMatch(/Role:\s+Manager|Manager Status/)
    await succeeds('node', 'update', '--label-add', 'disk=ssd', '--availability', 'pause', WORKER)
    expect(await succeeds('node', 'inspect', '-f', '{{json .Spec}}', WORKER)).toContain('"disk":"ssd"')
    await succeeds('node', 'update', '--availability', 'active', WORKER)
  })

  test('a node that is up is not removed, nor a manager demoted', async () => {
    expect((await docker('node', 'rm', WORKER)).stderr).toMatch(/is not down and can't be removed/)
    expect((await docker('node', 'demote', MANAGER)).stderr).toMatch(/attempting to demote the last manager/)
  })

  test('a service converges, and is listed, inspected and scaled', async () => {
    const created = await succeeds(
      'service',
      'create',
      '--name',
      'web',
      '--replicas',
      '3',
      ...QUICK,
      'busybox',
      'sleep',
      '1000',
    )
    expect(created).toMatch(/verify: Service (\w+ )?converged/)
    expect(await succeeds('service', 'ls')).toMatch(/web\s+replicated\s+3\/3\s+busybox:latest/)
    expect(await succeeds('service', 'ps', 'web')).toMatch(
      /web\.1\s+busybox:latest\s+\w+\s+Running\s+Running/,
    )
    const pretty = await succeeds('service', 'inspect', '--pretty', 'web')
    expect(pretty).toMatch(/Service Mode:\s+Replicated/)
    expect(pretty).toMatch(/Image:\s+busybox:latest/)
    expect(await succeeds('service', 'scale', 'web=5')).toMatch(/verify: Service (\w+ )?converged/)
    expect(await succeeds('service', 'ls', '--format', '{{.Replicas}}')).toBe('5/5\n')
    expect(await succeeds('node', 'ps', WORKER)).toMatch(/web\.\d/)
  })

  test('whatever has a name is inspected by it, whatever it is', async () => {
    await succeeds('secret', 'create', 'inspected', '/etc/hostname')
    const format = '{{.ID}}'
    for (const [kind, name] of [
      ['service', 'web'],
      ['node', WORKER],
      ['secret', 'inspected'],
    ] as const) {
      const id = await succeeds(kind, 'inspect', '-f', format, name)
      expect(await succeeds('inspect', '-f', format, name)).toBe(id)
    }
    expect((await docker('inspect', 'nobody')).stderr).toMatch(/No such object: nobody/i)
  })

  test('an update rolls out, a rollback brings the previous spec back', async () => {
    const updated = await succeeds(
      'service',
      'update',
      '--image',
      'busybox:2',
      '--update-parallelism',
      '2',
      'web',
    )
    expect(updated).toMatch(/verify: Service (\w+ )?converged/)
    expect(await succeeds('service', 'inspect', '-f', '{{.UpdateStatus.State}}', 'web')).toBe('completed\n')
    const back = await succeeds('service', 'rollback', 'web')
    expect(back).toMatch(/verify: Service (\w+ )?converged/)
    const image = '{{.Spec.TaskTemplate.ContainerSpec.Image}}'
    expect(await succeeds('service', 'inspect', '-f', image, 'web')).toBe('busybox:latest\n')
    expect(await succeeds('service', 'inspect', '-f', '{{.UpdateStatus.State}}', 'web')).toBe(
      'rollback_completed\n',
    )
  })

  test('an update that changes nothing replaces no task', async () => {
    const tasks = async (): Promise<string[]> =>
      (await succeeds('service', 'ps', '-q', '-f', 'desired-state=running', 'web')).trim().split('\n').sort()
    const before = await tasks()
    await succeeds('service', 'update', '--label-add', 'tier=front', 'web')
    expect(await tasks()).toEqual(before)
  })

  test('a global service with host ports and everything a container may have', async () => {
    const options = `--mode global --publish mode=host,target=80,published=8080 --network host --constraint node.role==worker
      --env A=b --mount type=volume,src=data,dst=/data --mount type=tmpfs,dst=/scratch,tmpfs-size=1m --limit-memory 64m
      --limit-cpu 0.5 --reserve-memory 16m --health-cmd true --health-interval 1s --cap-add NET_ADMIN --init --read-only
      --stop-grace-period 3s --stop-signal SIGTERM --ulimit nofile=1024:2048 --sysctl net.core.somaxconn=128 --dns 1.1.1.1
      --host db:10.0.0.9 --user 1000 --workdir /tmp --hostname {{.Node.Hostname}} --log-driver json-file
      --restart-condition on-failure --restart-max-attempts 3 --label x=y --container-label z=w`
    const name = 'everything'
    const created = await succeeds('service', 'create', '--name', name, ...options.split(/\s+/), 'busybox')
    expect(created).toMatch(/verify: Service (\w+ )?converged/)
    expect(await succeeds('service', 'ls', '-f', `name=${name}`)).toMatch(/everything\s+global\s+1\/1/)
    expect(await succeeds('service', 'inspect', '--pretty', name)).toMatch(/Networks:\s+host/)
  })

  test('a service on two networks, with ports on every node', async () => {
    const overlay = ['network', 'create', '--driver', 'overlay']
    await succeeds(...overlay, 'shopfront')
    await succeeds(...overlay, 'shopback')
    const networks = ['--network', 'name=shopfront,alias=till', '--network', 'shopback']
    const ports = ['--publish', '8088:80', '--publish', 'target=53,protocol=udp']
    const created = await succeeds(
      'service',
      'create',
      '--name',
      'shop',
      ...networks,
      ...ports,
      ...QUICK,
      'busybox',
    )
    expect(created).toMatch(/verify: Service (\w+ )?converged/)
    expect(await succeeds('service', 'ls', '-f', 'name=shop')).toMatch(/\*:8088->80\/tcp, \*:30000->53\/udp/)
    const pretty = await succeeds('service', 'inspect', '--pretty', 'shop')
    expect(pretty).toMatch(/Networks: shop(front|back) shop(front|back)/)
    expect(pretty).toMatch(/PublishedPort = 8088/)
    const vips = '{{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}'
    expect(await succeeds('service', 'inspect', '-f', vips, 'shop')).toMatch(
      /^10\.255\.\d+\.\d+\/16 10\.0\.\d\.\d+\/24 10\.0\.\d\.\d+\/24 \n$/,
    )
    expect((await docker('network', 'rm', 'shopback')).stderr).toMatch(/network \w+ is in use by service \w+/)
    expect(await succeeds('service', 'update', '--network-rm', 'shopback', 'shop')).toMatch(/converged/)
    await succeeds('network', 'rm', 'shopback')
    expect((await docker('service', 'update', '--rollback', 'shop')).stderr).toMatch(/network \w+ not found/)
  })

  test.each([
    [
      'an ingress port of SCTP',
      ['--publish', '80:80/sctp'],
      /not implemented: published ports of SCTP in ingress/,
    ],
    [
      'a port that is taken',
      ['--publish', '8088:80'],
      /port '8088' is already in use by service 'shop' \(\w+\) as an ingress port/,
    ],
    [
      'ranges of ports of different lengths',
      ['--publish', '8100-8102:80-81'],
      /invalid ranges specified for container and host ports: "?80-81"? and "?8100-8102"?/i,
    ],
    ['a port beyond all ports', ['--publish', '65536:80'], /invalid hostPort: 65536/i],
    [
      'an ingress port with dnsrr',
      ['--publish', '80:80', '--endpoint-mode', 'dnsrr'],
      /port published with ingress mode can't be used with dnsrr mode/,
    ],
    [
      'an unknown constraint operator',
      ['--constraint', 'node.role~worker'],
      /constraint expected one operator from/,
    ],
    [
      'a name that is taken',
      ['--name', 'web'],
      /name conflicts with an existing object: service web already exists/,
    ],
    [
      'a network that nobody has',
      ['--network', 'nowhere'],
      /network nowhere not found|No such network: nowhere/,
    ],
  ])('refuses %s', async (_what, args, message) => {
    const { code, stderr } = await docker('service', 'create', ...args, 'busybox')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  })

  test('networks are created, listed, inspected and removed', async () => {
    const overlay = ['network', 'create', '--driver', 'overlay']
    const id = (await succeeds(...overlay, '--attachable', '--label', 'tier=web', 'front')).trim()
    const own = ['--subnet', '10.77.0.0/16', '--gateway', '10.77.0.9', '--ip-range', '10.77.4.0/22']
    await succeeds(...overlay, '--internal', ...own, '--opt', 'com.docker.network.driver.mtu=1300', 'back')
    const list = await succeeds('network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')
    expect(list.trim().split('\n').sort()).toEqual([
      'back overlay swarm',
      'bridge bridge local',
      'front overlay swarm',
      'host host local',
      'ingress overlay swarm',
      'none null local',
      'shopfront overlay swarm',
    ])
    expect(await succeeds('network', 'ls', '-q', '--no-trunc', '-f', 'label=tier=web')).toBe(`${id}\n`)
    const shown = '{{.Name}} {{.Internal}} {{range .IPAM.Config}}{{.Subnet}} {{.Gateway}} {{.IPRange}}{{end}}'
    expect(await succeeds('network', 'inspect', '-f', shown, 'back')).toBe(
      'back true 10.77.0.0/16 10.77.0.9 10.77.4.0/22\n',
    )
    expect(await succeeds('network', 'inspect', '--verbose', id.slice(0, 9))).toContain('"Attachable": true')
    expect((await docker(...overlay, 'front')).stderr).toMatch(/network with name front already exists/)
    expect((await docker(...overlay, '--subnet', '10.77.1.0/24', 'n')).stderr).toMatch(
      /Pool overlaps with other one/,
    )
    await succeeds(...overlay, '--subnet', '10.78.0.0/30', 'tiny')
    await succeeds('service', 'create', '-d', '--name', 'only', '--network', 'tiny', 'busybox')
    expect((await docker('service', 'create', '-d', '--network', 'tiny', 'busybox')).stderr).toMatch(
      /could not find an available IP while allocating VIP on the network tiny \(10\.78\.0\.0\/30\)/,
    )
    await succeeds('service', 'rm', 'only')
    expect((await docker('network', 'create', 'n')).stderr).toMatch(
      /not implemented: networks of the driver bridge/,
    )
    expect((await docker('network', 'inspect', 'nowhere')).stderr).toMatch(
      /network nowhere not found|No such network/,
    )
    expect(await succeeds('network', 'prune', '-f', '--filter', 'label=tier')).toMatch(/front/)
    expect(await succeeds('network', 'rm', 'back')).toBe('back\n')
  })

  test('what is not served yet is named', async () => {
    expect((await docker('run', 'busybox')).stderr).toMatch(
      /daemon: not implemented: POST \/containers\/create/,
    )
    expect((await docker('images')).stderr).toMatch(/daemon: not implemented: GET \/images\/json/)
  })

  test('join tokens are shown and rotated', async () => {
    const token = await succeeds('swarm', 'join-token', '-q', 'worker')
    expect(token).toMatch(/^SWMTKN-1-/)
    expect(await succeeds('swarm', 'join-token', 'worker')).toMatch(
      /docker swarm join --token \S+ 10\.0\.0\.1:2377/,
    )
    expect(await succeeds('swarm', 'join-token', '-q', '--rotate', 'worker')).not.toBe(token)
    await succeeds('swarm', 'update', '--task-history-limit', '2')
    expect((await docker('swarm', 'update', '--autolock')).stderr).toMatch(/not implemented/)
  })

  test('services are removed', async () => {
    await succeeds('service', 'rm', 'web', 'everything', 'shop')
    await succeeds('network', 'rm', 'shopfront')
    expect((await docker('service', 'inspect', 'web')).stderr).toMatch(/no such service: web/i)
    expect(await succeeds('service', 'ls', '-q')).toBe('')
  })
})

/** Every docker CLI on the search path, by version. */
async function installedClis(): Promise<{ path: string; version: string }[]> {
  const found = new Map<string, string>()
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'docker')
    const { stdout } = await run(path, ['--version']).catch(() => ({ stdout: '' }))
    const version = /version ([\d.]+)/.exec(stdout)?.[1]
    if (version !== undefined && !found.has(version)) found.set(version, path)
  }
  return [...found].map(([version, path]) => ({ version, path }))
}
