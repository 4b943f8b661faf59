import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sameMaterial, sameValue, type ServiceSpec } from '@shoal/engine-api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, eventually, installedDockerClis } from '../support/index.js'

const CLIS = await installedDockerClis()
const SHOP = fileURLToPath(new URL('stacks/shop/compose.yml', import.meta.url))
const SERVICES = 10

describe('a stack of ten services', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 2 })
    await cluster.mustCtl('network', 'create', 'neighbourhood')
  })
  afterAll(() => cluster?.end())
  afterEach(async () => {
    await cluster.mustCtl('stack', 'rm', 'shop', 'roll')
    await cluster.clear()
  })

  /** With what is known of each, so that a test that fails tells why. */
  const tasks = async (): Promise<string[]> => {
    const names = new Map((await cluster.api.services()).map(({ ID, Spec }) => [ID, Spec.Name]))
    return (await cluster.api.tasks())
      .map(({ ID, ServiceID, Slot, Status }) => `${names.get(ServiceID)}.${Slot} ${ID} ${Status.Err ?? ''}`)
      .sort()
  }

  test.each(CLIS)('lives and ends under docker stack, $version', async ({ path, version }) => {
    const succeeds = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await cluster.docker(path, ...args)
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
      return stdout
    }
    const deploy = (): Promise<string> =>
      succeeds('stack', 'deploy', '--resolve-image', 'never', '-c', SHOP, 'shop')

    expect(await deploy()).toMatch(/Creating network shop_front/)
    await eventually(async () => {
      const list = await succeeds('stack', 'services', '--format', '{{.Name}} {{.Replicas}}', 'shop')
      expect(list.trim().split('\n').sort()).toEqual(RUNNING)
    }, 60_000)
    expect(await succeeds('stack', 'ls')).toMatch(new RegExp(`shop +${SERVICES}`))
    expect(await succeeds('stack', 'ps', 'shop')).toMatch(/shop_web\.1 +shoal-busybox:1 +host\d +Running/)
    expect(await succeeds('service', 'inspect', '--pretty', 'shop_web')).toMatch(/Networks:.*shop_front/)

    const before = await tasks()
    expect(await deploy()).toMatch(/Updating service shop_web/)
    expect(await tasks()).toEqual(before)

    const canWait = !version.startsWith('20.')
    await succeeds('stack', 'rm', ...(canWait ? ['-d=false'] : []), 'shop')
    const stillRunning = (await cluster.containers()).filter(({ running }) => running)
    expect(canWait ? stillRunning : []).toEqual([])
    for (const kind of ['service', 'secret', 'config']) expect(await succeeds(kind, 'ls', '-q')).toBe('')
    await eventually(async () => expect(await cluster.containers()).toEqual([]))
    expect(await succeeds('network', 'ls', '--filter', 'label=com.docker.stack.namespace', '-q')).toBe('')
  })

  test('is the same under docker stack and ctl stack', async () => {
    const [cli] = CLIS
    const specs = async (): Promise<Map<string, ServiceSpec>> =>
      new Map((await cluster.api.services()).map(({ Spec }) => [Spec.Name ?? '', withoutIds(Spec)]))
    const byDocker = ['stack', 'deploy', '--resolve-image', 'never', '-c', SHOP, 'shop']
    expect((await cluster.docker(cli!.path, ...byDocker)).code).toBe(0)
    const dockers = await specs()
    await cluster.mustCtl('stack', 'rm', 'shop')
    expect((await cluster.containers()).filter(({ running }) => running)).toEqual([])

    const plan = await cluster.ctl('stack', 'plan', '-c', SHOP, 'shop')
    expect(plan).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/16 to create, 0 to update, 0 to remove/),
    })
    expect(await cluster.api.services()).toEqual([])
    await cluster.mustCtl('stack', 'deploy', '-c', SHOP, 'shop')
    const own = await specs()
    expect([...own.keys()].sort()).toEqual([...dockers.keys()].sort())
    const differing = [...own]
      .map(([name, spec]) => ({ ctl: spec, docker: dockers.get(name) ?? {} }))
      .filter(({ ctl, docker }) => !sameValue(ctl, docker) || !sameMaterial(ctl, docker))
    expect(differing).toEqual([])
    const services = await cluster.mustCtl('stack', 'services', '--format', '{{.Name}} {{.Replicas}}', 'shop')
    expect(services.split('\n')).toEqual(RUNNING)

    const before = await tasks()
    expect(await cluster.mustCtl('stack', 'deploy', '-c', SHOP, 'shop')).toBe(
      'Nothing to change in stack shop',
    )
    expect((await cluster.ctl('stack', 'plan', '-c', SHOP, 'shop')).code).toBe(0)
    expect((await cluster.docker(cli!.path, ...byDocker)).code).toBe(0)
    expect(await tasks()).toEqual(before)
  })

  test('is given the new content of its secrets by one deploy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-stack-'))
    const compose = join(folder, 'compose.yml')
    writeFileSync(compose, ROLLING)
    const deploy = async (content: string): Promise<void> => {
      writeFileSync(join(folder, 'door.txt'), content)
      expect((await cluster.ctl('stack', 'plan', '-c', compose, 'roll')).code).toBe(2)
      await cluster.mustCtl('stack', 'deploy', '-c', compose, 'roll')
      const running = (await cluster.containers('roll_api')).filter((container) => container.running)
      expect(running).toHaveLength(1)
      for (const { host, id } of running) {
        expect(await host.mustRun(['docker', 'exec', id, 'cat', '/run/secrets/door'])).toBe(content)
      }
    }
    const secrets = (): Promise<string> => cluster.mustCtl('secret', 'ls', '--format', '{{.Name}}')
    try {
      await deploy('one')
      expect(await secrets()).toBe('roll_door')
      await deploy('two')
      expect(await secrets()).toBe('roll_door\nroll_door-2')
      await deploy('three')
      expect(await secrets()).toBe('roll_door-2\nroll_door-3')
      expect(await cluster.mustCtl('stack', 'deploy', '-c', compose, 'roll')).toBe(
        'Nothing to change in stack roll',
      )
      await cluster.mustCtl('stack', 'rm', 'roll')
      expect(await secrets()).toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const ROLLING = `
services:
  api:
    image: shoal-busybox:1
    command: sleep 100000
    init: true
    secrets: [door]
    deploy: { update_config: { monitor: 500ms } }
secrets:
  door: { file: door.txt }
`

const RUNNING = [
  'shop_admin 1/1',
  'shop_agent 2/2',
  'shop_api 2/2',
  'shop_cache 1/1',
  'shop_database 1/1',
  'shop_mailer 1/1',
  'shop_metrics 1/1',
  'shop_spare 0/0',
  'shop_web 2/2 (max 1 per node)',
  'shop_worker 2/2',
]

/** IDs are others after every removal; the names beside them tell what is meant, and the aliases of a network. */
function withoutIds(spec: ServiceSpec): ServiceSpec {
  const text = JSON.stringify(spec, (key, value: unknown) =>
    key === 'SecretID' || key === 'ConfigID' || (key === 'Target' && /^[a-z0-9]{25}$/.test(String(value)))
      ? undefined
      : value,
  )
  return JSON.parse(text) as ServiceSpec
}
