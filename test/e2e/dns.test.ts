import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Cluster, eventually, IMAGE_1, type PlacedContainer } from '../support/index.js'

const SLEEP = ['sleep', '100000']

describe('names inside of containers', () => {
  let cluster: Cluster
  let tries = 0

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 2 })
    await cluster.mustCtl('network', 'create', '-d', 'overlay', 'front')
    await cluster.mustCtl('network', 'create', '-d', 'overlay', 'back')
  })
  afterAll(() => cluster?.end())
  afterEach(() => cluster.clear())

  /** A service whose tasks do nothing, on these networks; resolves when they run. */
  async function create(name: string, replicas: number, ...options: string[]): Promise<void> {
    const quick = ['--replicas', String(replicas), '--stop-grace-period', '1s']
    const args = ['--name', name, ...quick, ...options, IMAGE_1, ...SLEEP]
    await cluster.mustCtl('service', 'create', '--detach', ...args)
    await eventually(async () => expect(await cluster.runningTasks(name)).toHaveLength(replicas))
  }

  /** What a container hears of a name, in order; empty when there is no address. */
  async function resolve({ host, id }: PlacedContainer, name: string): Promise<string[]> {
    const { stdout } = await host.run(['docker', 'exec', id, 'busybox', 'nslookup', '-type=a', name])
    // Before the first name stands the server's own address.
    const answer = stdout
      .split(/^Name:/m)
      .slice(1)
      .join('')
    return [...answer.matchAll(/^Address(?: \d+)?: *([\d.]+)$/gm)].map((match) => match[1]!).sort()
  }

  async function running(service: string): Promise<PlacedContainer[]> {
    return (await cluster.containers(service)).filter((container) => container.running)
  }

  /** The addresses of a service's running tasks on its only network of its own. */
  async function addresses(service: string): Promise<string[]> {
    const tasks = await cluster.runningTasks(service)
    return tasks.flatMap(({ NetworksAttachments = [] }) => addressesOf(NetworksAttachments)).sort()
  }

  test('a service is its VIP, and tasks.<service> its tasks, on every host; a task that has left is forgotten', async () => {
    await create('web', 4, '--network', 'front')
    await create('asker', 2, '--network', 'front', '--endpoint-mode', 'dnsrr', '--replicas-max-per-node', '1')
    const askers = await running('asker')
    expect(new Set(askers.map(({ host }) => host.name)).size).toBe(2)
    for (const asker of askers) {
      await eventually(async () => expect(await resolve(asker, 'tasks.web')).toEqual(await addresses('web')))
      const vip = await resolve(asker, 'web')
      expect(vip).toHaveLength(1)
      expect(await addresses('web')).not.toContain(vip[0])
      expect(await resolve(asker, 'asker')).toEqual(await addresses('asker'))
      expect(await resolve(asker, 'WEB.front')).toEqual(vip)
    }
    await cluster.mustCtl('service', 'scale', '--detach', 'web=1')
    for (const asker of askers)
      await eventually(async () => {
        const found = await resolve(asker, 'tasks.web')
        expect(found).toHaveLength(1)
        expect(found).toEqual(await addresses('web'))
      })
  })

  test('names of networks that a container is not on are not for it', async () => {
    await create('web', 1, '--network', 'front')
    await create('db', 1, '--network', 'back')
    await create('both', 1, '--network', 'front', '--network', 'back')
    const [web] = await running('web')
    const [both] = await running('both')
    await eventually(async () => expect(await resolve(both!, 'db')).toHaveLength(1))
    expect(await resolve(both!, 'web')).toHaveLength(1)
    expect(await resolve(web!, 'both')).toHaveLength(1)
    expect(await resolve(web!, 'db')).toEqual([])
  })

  test('plain containers of any host join an attachable network: tasks and each other reach them', async () => {
    const [first, second] = cluster.hosts
    onTestFinished(() => second!.run(['docker', 'rm', '-f', 'plain']).then(() => undefined))
    const open = `open${++tries}`
    await cluster.mustCtl('network', 'create', '-d', 'overlay', '--attachable', open)
    const serve = ['nc', '-ll', '-p', '81', '-e', 'hostname']
    await second!.mustRun(['docker', 'run', '-d', '--name', 'plain', '--network', open, IMAGE_1, ...serve])
    const greet = ['sh', '-c', 'while true; do echo hello | nc -l -p 80; done']
    const quick = ['--stop-grace-period', '1s', '--network', open]
    await cluster.mustCtl('service', 'create', '--name', 'hello', ...quick, IMAGE_1, ...greet)
    const format = `{{.NetworkSettings.Networks.${open}.IPAddress}}`
    const address = (await second!.mustRun(['docker', 'inspect', '-f', format, 'plain'])).trim()
    const [task] = await running('hello')
    const fromTask = ['docker', 'exec', task!.id, 'nc', '-w', '2', address, '81']
    await eventually(async () => expect((await task!.host.run(fromTask)).stdout).not.toBe(''))
    const ask = ['docker', 'run', '--rm', '--network', open, IMAGE_1, 'nc', '-w', '2', address, '81']
    await eventually(async () => expect((await first!.run(ask)).stdout).not.toBe(''))
  })
})

interface Attachment {
  readonly Network?: { readonly Spec?: { readonly Name?: string } }
  readonly Addresses?: readonly string[]
}

function addressesOf(attachments: readonly Attachment[]): string[] {
  return attachments
    .filter(({ Network }) => Network?.Spec?.Name !== 'ingress')
    .flatMap(({ Addresses = [] }) => Addresses.map((address) => address.split('/')[0]!))
}
