import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@shoal/common/clock'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aNetwork, aSecret, aService } from '../../stack/testing/index.js'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'

const LABELS = { 'com.docker.stack.namespace': 'shop' }
const COMPOSE = 'services: {web: {image: "a:1", secrets: [door]}}\nsecrets: {door: {file: door}}\n'

let folder: string
let manager: FakeManager
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctl-stack-'))
  writeFileSync(join(folder, 'compose.yaml'), COMPOSE)
  writeFileSync(join(folder, 'door'), 'open')
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await manager.close()
})
const given = async (
  routes: Routes,
  clock: Clock = new VirtualClock(Date.UTC(2026, 0, 1, 12)),
): Promise<FakeManager> => (manager = await fakeManager(routes, clock))
const file = (): string[] => ['-c', join(folder, 'compose.yaml')]

const EMPTY: Routes = {
  'GET /services': () => ({ body: [] }),
  'GET /networks': () => ({ body: [] }),
  'GET /secrets': () => ({ body: [] }),
  'GET /configs': () => ({ body: [] }),
}

describe('a deploy', () => {
  const routes: Routes = {
    ...EMPTY,
    'GET /secrets': ({ query }) => ({
      body: query['filters']?.includes('shop_door') ? [aSecret({ Name: 'shop_door' })] : [],
    }),
    'POST /networks/create': () => ({ status: 201, body: { Id: 'net1' } }),
    'POST /secrets/create': () => ({ status: 201, body: { ID: 's1' } }),
    'POST /services/create': () => ({ status: 201, body: { ID: 'w1' } }),
    'GET /networks/shop_default': () => ({ body: { Id: 'net1', Name: 'shop_default' } }),
  }

  test('makes what is not there, with IDs in the place of names', async () => {
    const { ctl, requests } = await given(routes)
    expect(await ctl('stack', 'deploy', ...file(), '-d', '--resolve-image', 'never', 'shop')).toEqual({
      code: 0,
      out: 'Creating network shop_default\nCreating secret shop_door\nCreating service shop_web\n',
      err: '',
    })
    const posted = requests.filter(({ method }) => method === 'POST')
    expect(posted.map(({ path }) => path)).toEqual([
      '/networks/create',
      '/secrets/create',
      '/services/create',
    ])
    expect(posted[1]?.body).toMatchObject({
      Name: 'shop_door',
      Data: btoa('open'),
      Labels: { ...LABELS, 'shoal.stack.content': expect.stringMatching(/^scrypt:/) as string },
    })
    expect(posted[2]?.body).toMatchObject({
      TaskTemplate: {
        Networks: [{ Target: 'net1', Aliases: ['web'] }],
        ContainerSpec: { Secrets: [{ SecretID: 'id-shop_door', SecretName: 'shop_door' }] },
      },
    })
  })

  test('stops at a key that a cluster cannot honour, unless it is told to leave it out', async () => {
    writeFileSync(join(folder, 'compose.yaml'), 'services: {web: {image: a, privileged: true}}')
    const { ctl, requests } = await given(routes)
    const refused = await ctl('stack', 'deploy', ...file(), '-d', 'shop')
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/^a cluster cannot honour services\.web\.privileged/)
    expect(requests).toEqual([])
    const ignored = await ctl(
      'stack',
      'deploy',
      '--ignore-unsupported',
      ...file(),
      '-d',
      '--resolve-image',
      'never',
      'shop',
    )
    expect(ignored).toMatchObject({
      code: 0,
      err: 'Ignoring what a cluster cannot honour: services.web.privileged\n',
    })
  })

  test('updates a service whose rollout goes on meanwhile, and none that somebody has changed', async () => {
    const stale = {
      status: 500,
      body: { message: 'rpc error: code = Unknown desc = update out of sequence' },
    }
    const present = aService({ Name: 'shop_web', Labels: LABELS, Mode: { Replicated: { Replicas: 9 } } })
    let now = { ...present, Version: { Index: 8 } }
    const { ctl, requests } = await given({
      ...routes,
      'GET /services': () => ({ body: [present] }),
      'GET /services/id-shop_web': () => ({ body: now }),
      'POST /services/id-shop_web/update': ({ query }) => (query['version'] === '8' ? { body: {} } : stale),
    })
    const deploy = ['stack', 'deploy', ...file(), '-d', '--resolve-image', 'never', 'shop']
    expect(await ctl(...deploy)).toMatchObject({ code: 0, err: '' })
    expect(requests.at(-1)).toMatchObject({ path: '/services/id-shop_web/update', query: { version: '8' } })
    now = { ...now, Spec: { ...now.Spec, Labels: {} } }
    const lost = await ctl(...deploy)
    expect(lost.code).toBe(1)
    expect(lost.err).toContain('update out of sequence')
  })

  test('waits for all services at once', async () => {
    const task = {
      ID: 't1',
      ServiceID: 'w1',
      Slot: 1,
      NodeID: 'n1',
      DesiredState: 'running',
      Status: { State: 'running', Timestamp: '2026-01-01T11:00:00Z' },
    }
    const { ctl } = await given(
      {
        ...routes,
        'GET /services/w1': () => ({
          body: {
            ID: 'w1',
            Spec: { Name: 'shop_web', UpdateConfig: { Monitor: 1 }, Mode: { Replicated: { Replicas: 1 } } },
          },
        }),
        'GET /tasks': () => ({ body: [task] }),
        'GET /nodes': () => ({ body: [{ ID: 'n1', Status: { State: 'ready' } }] }),
      },
      systemClock,
    )
    const ran = await ctl('stack', 'deploy', ...file(), '--resolve-image', 'never', 'shop')
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toMatch(/shop_web: verify: Service shop_web converged/)
  })

  test('of an unknown way to resolve images is refused', async () => {
    const { ctl } = await given({})
    expect((await ctl('stack', 'deploy', '--resolve-image', 'often', 'shop')).err).toContain(
      'invalid option often for flag --resolve-image',
    )
  })
})

describe('a plan', () => {
  test('shows what would be made, asks only, and says it by its exit code', async () => {
    const { ctl, requests } = await given(EMPTY)
    expect(await ctl('stack', 'plan', ...file(), 'shop')).toEqual({
      code: 2,
      out: '+ network shop_default\n+ secret shop_door\n+ service shop_web\n3 to create, 0 to update, 0 to remove\n',
      err: '',
    })
    expect(requests.every(({ method }) => method === 'GET')).toBe(true)
    expect(await ctl('stack', 'plan', '-q', ...file(), 'shop')).toEqual({ code: 2, out: '', err: '' })
  })
  test('that cannot be ends with 1', async () => {
    const { ctl } = await given({
      ...EMPTY,
      'GET /networks': () => ({ body: [aNetwork('shop_default', { Driver: 'x' })] }),
    })
    expect(await ctl('stack', 'plan', ...file(), 'shop')).toMatchObject({ code: 1, out: '' })
  })
})

test('config is a Compose file again', async () => {
  writeFileSync(join(folder, 'compose.yaml'), 'services: {web: {image: "${NONE:-a}", command: echo $$HOME}}')
  const { ctl } = await given({})
  expect(await ctl('stack', 'config', ...file())).toEqual({
    code: 0,
    out: 'services:\n  web:\n    image: a\n    command:\n      - echo\n      - $$HOME\n',
    err: '',
  })
})

describe('a stack is shown', () => {
  const web = aService(
    {
      Name: 'shop_web',
      Labels: LABELS,
      TaskTemplate: { ContainerSpec: { Image: 'a:1' } },
      Mode: { Global: {} },
    },
    { ServiceStatus: { RunningTasks: 1, DesiredTasks: 2, CompletedTasks: 0 } },
  )
  test('in the list of stacks, with its services', async () => {
    const { ctl, requests } = await given({ 'GET /services': () => ({ body: [web, web] }) })
    expect((await ctl('stack', 'ls')).out).toBe('NAME      SERVICES\nshop      2\n')
    expect(requests[0]?.query).toEqual({ filters: '{"label":{"com.docker.stack.namespace":true}}' })
    expect(
      (await ctl('stack', 'services', '--format', '{{.Name}} {{.Replicas}}', '-f', 'label=a', 'shop')).out,
    ).toBe('shop_web 1/2\nshop_web 1/2\n')
    expect(requests[1]?.query['filters']).toBe('{"label":{"a":true,"com.docker.stack.namespace=shop":true}}')
  })
  test('or said not to be there', async () => {
    const { ctl } = await given({ 'GET /services': () => ({ body: [] }), 'GET /tasks': () => ({ body: [] }) })
    expect(await ctl('stack', 'services', 'shop')).toEqual({
      code: 0,
      out: '',
      err: 'Nothing found in stack: shop\n',
    })
    expect(await ctl('stack', 'ps', 'shop')).toEqual({
      code: 1,
      out: '',
      err: 'nothing found in stack: shop\n',
    })
  })
})

test('a stack is removed: services, secrets, configs, networks', async () => {
  const { ctl, requests } = await given({
    'GET /services': () => ({ body: [aService({ Name: 'shop_web', Labels: LABELS })] }),
    'GET /secrets': () => ({ body: [aSecret({ Name: 'shop_door', Labels: LABELS })] }),
    'GET /configs': () => ({ body: [] }),
    'GET /networks': () => ({ body: [aNetwork('shop_default')] }),
    'GET /tasks': () => ({ body: [] }),
    'DELETE /services/id-shop_web': () => ({ body: {} }),
    'DELETE /secrets/id-shop_door': () => ({ status: 204 }),
    'DELETE /networks/id-shop_default': () => ({ status: 204 }),
  })
  expect(await ctl('stack', 'rm', 'shop')).toEqual({
    code: 0,
    out: 'Removing service shop_web\nRemoving secret shop_door\nRemoving network shop_default\n',
    err: '',
  })
  expect(requests.at(-1)?.query).toEqual({ filters: '{"label":{"com.docker.stack.namespace=shop":true}}' })
})

test('a bundle is planned like Compose files, and is not mixed with them', async () => {
  const bundle = { Version: '0.1', Services: { web: { Image: 'a:1', Networks: ['back'] } } }
  const path = join(folder, 'shop.dab')
  writeFileSync(path, JSON.stringify(bundle))
  const { ctl } = await given(EMPTY)
  const { code, out } = await ctl('stack', 'plan', '--bundle-file', path, 'shop')
  expect(code).toBe(2)
  expect(out).toContain('+ network shop_back')
  expect(out).toContain('+ service shop_web')
  expect((await ctl('stack', 'plan', '--bundle-file', path, ...file(), 'shop')).err).toContain(
    'You cannot specify both a bundle file and a Compose file',
  )
})
