import { fileURLToPath } from 'node:url'
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
  afterEach(() => cluster.clear())

  const tasks = async (): Promise<string[]> => (await cluster.api.tasks()).map(({ ID }) => ID).sort()

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
})

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
