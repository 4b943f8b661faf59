import type { Clock } from '@shoal/common/clock'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager, type Routes } from '../testing/index.js'
import { findCommand, rewriteSwitches } from './index.js'
import { TREE } from '../commands/tree.js'

const NOW = Date.UTC(2026, 0, 1, 12)
/** Waits take no time, and every look at the clock is a second later. */
function hurriedClock(): Clock {
  let nowMs = NOW
  return {
    now: () => (nowMs += 1000),
    setTimer: (_delayMs, callback) => {
      const timer = setImmediate(callback)
      return () => clearImmediate(timer)
    },
  }
}

const web = {
  ID: 'wxyzwxyzwxyzwxyzwxyzwxyzw',
  Version: { Index: 12 },
  CreatedAt: '2026-01-01T11:00:00Z',
  UpdatedAt: '2026-01-01T11:00:00Z',
  Spec: {
    Name: 'web',
    Labels: {},
    TaskTemplate: { ContainerSpec: { Image: 'nginx:1@sha256:abc', Env: ['A=1'] } },
    Mode: { Replicated: { Replicas: 1 } },
  },
  Endpoint: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'ingress' }] },
  ServiceStatus: { RunningTasks: 1, DesiredTasks: 1, CompletedTasks: 0 },
}
const node = {
  ID: 'nodenodenodenodenodenode1',
  Version: { Index: 3 },
  CreatedAt: '2026-01-01T10:00:00.5Z',
  UpdatedAt: '',
  Spec: { Labels: { old: 'x' }, Role: 'manager', Availability: 'active' },
  Description: {
    Hostname: 'alpha',
    Platform: { OS: 'linux', Architecture: 'x86_64' },
    Resources: { NanoCPUs: 2e9, MemoryBytes: 4_294_967_296 },
    Engine: { EngineVersion: '28.2.2' },
  },
  Status: { State: 'ready', Addr: '10.0.0.1' },
  ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: '10.0.0.1:2377' },
}
const task = (ID: string, State: string, minutesAgo: number, more = {}) => ({
  ID,
  Version: { Index: 1 },
  CreatedAt: new Date(NOW - minutesAgo * 60_000).toISOString(),
  UpdatedAt: '',
  Labels: {},
  Spec: { ContainerSpec: { Image: 'nginx:1@sha256:abc' } },
  ServiceID: web.ID,
  Slot: 1,
  NodeID: node.ID,
  Status: { Timestamp: new Date(NOW - minutesAgo * 60_000).toISOString(), State, Message: '' },
  DesiredState: 'running',
  ...more,
})
const running = task('t-new', 'running', 3)
const routes: Routes = {
  'GET /services': () => ({ body: [web] }),
  'GET /services/web': () => ({ body: web }),
  'GET /nodes': () => ({ body: [node] }),
  'GET /nodes/alpha': () => ({ body: node }),
  'GET /info': () => ({ body: { Swarm: { NodeID: node.ID } } }),
  'GET /tasks': () => ({ body: [running] }),
  [`POST /services/${web.ID}/update`]: () => ({ body: { Warnings: null } }),
  [`POST /nodes/${node.ID}/update`]: () => ({}),
}

let manager: FakeManager
afterEach(() => manager.close())
const given = async (more: Routes = {}) =>
  (manager = await fakeManager({ ...routes, ...more }, hurriedClock()))

describe('services', () => {
  test('are listed', async () => {
    const { ctl, requests } = await given()
    expect(await ctl('service', 'ls')).toEqual({
      code: 0,
      err: '',
      out:
        'ID             NAME      MODE         REPLICAS   IMAGE     PORTS\n' +
        'wxyzwxyzwxyz   web       replicated   1/1        nginx:1   *:8080->80/tcp\n',
    })
    expect(requests[0]?.query).toEqual({ status: 'true' })
    expect((await ctl('service', 'list', '--format', '{{.Name}} {{.Replicas}}')).out).toBe('web 1/1\n')
  })

  test('show their tasks with the history of each slot', async () => {
    const failed = task('t-old', 'failed', 90, {
      DesiredState: 'shutdown',
      Status: {
        Timestamp: '2026-01-01T11:00:00Z',
        State: 'failed',
        Message: '',
        Err: 'task: non-zero exit (137): killed by somebody',
      },
    })
    const { ctl } = await given({ 'GET /tasks': () => ({ body: [failed, running] }) })
    expect((await ctl('service', 'ps', 'web')).out.split('\n').map((line) => line.trimEnd())).toEqual([
      'ID        NAME        IMAGE     NODE      DESIRED STATE   CURRENT STATE              ERROR                              PORTS',
      't-new     web.1       nginx:1   alpha     Running         Running 3 minutes ago',
      't-old      \\_ web.1   nginx:1   alpha     Shutdown        Failed about an hour ago   "task: non-zero exit (137): ki…"',
      '',
    ])
  })

  test('that do not exist are named', async () => {
    const { ctl } = await given({ 'GET /services': () => ({ body: [] }) })
    expect(await ctl('service', 'ps', 'nope')).toMatchObject({ code: 1, err: 'no such service: nope\n' })
  })

  test('are created from flags and arguments, and waited for', async () => {
    const created: unknown[] = []
    const { ctl } = await given({
      'POST /services/create': ({ body }) => {
        created.push(body)
        return { status: 201, body: { ID: web.ID, Warnings: ['mind the gap'] } }
      },
      [`GET /services/${web.ID}`]: () => ({ body: web }),
    })
    const words = [
      '--name',
      'web',
      '--env=A=1',
      '-p',
      '8080:80',
      '--init=true',
      'nginx',
      'sh',
      '-c',
      '--init=false',
    ]
    const ran = await ctl('service', 'create', '--no-resolve-image', ...words)
    expect(created).toMatchObject([
      {
        Name: 'web',
        TaskTemplate: {
          ContainerSpec: { Image: 'nginx', Args: ['sh', '-c', '--init=false'], Env: ['A=1'], Init: true },
        },
        EndpointSpec: { Ports: [{ PublishedPort: 8080, TargetPort: 80 }] },
      },
    ])
    expect(ran).toMatchObject({ code: 0, err: 'mind the gap\n' })
    expect(ran.out).toMatch(
      new RegExp(
        `^${web.ID}\noverall progress: 1 out of 1 tasks\n1/1: running\n[^]*verify: Service ${web.ID} converged\n$`,
      ),
    )
  })

  test('that are only to be created are not waited for', async () => {
    const { ctl } = await given({ 'POST /services/create': () => ({ status: 201, body: { ID: 'x' } }) })
    expect(await ctl('service', 'create', '-d', '--no-resolve-image', 'nginx')).toEqual({
      code: 0,
      out: 'x\n',
      err: '',
    })
  })

  test('are updated from what they are, with the version that was read', async () => {
    const { ctl, requests } = await given()
    await ctl('service', 'update', '-d', '--env-add', 'B=2', '--env-rm', 'A', '--init=false', 'web')
    expect(requests.at(-1)).toMatchObject({
      method: 'POST',
      query: { version: '12', registryAuthFrom: 'spec' },
      body: {
        Name: 'web',
        TaskTemplate: { ContainerSpec: { Image: 'nginx:1@sha256:abc', Env: ['B=2'], Init: false } },
      },
    })
  })

  test('whose rollout is paused end in failure, with the reason', async () => {
    const UpdateStatus = { State: 'paused', StartedAt: 'later', Message: 'update paused due to failure' }
    let reads = 0
    const { ctl } = await given({
      'GET /services/web': () => ({ body: reads++ === 0 ? web : { ...web, UpdateStatus } }),
    })
    expect(await ctl('service', 'update', '--force', 'web')).toMatchObject({
      code: 1,
      err: 'service update paused: update paused due to failure\n',
    })
  })

  test('are scaled, each that can be', async () => {
    const { ctl, requests } = await given({
      'GET /services/logs': () => ({ body: { ...web, Spec: { Name: 'logs', Mode: { Global: {} } } } }),
    })
    const ran = await ctl('service', 'scale', '-d', 'web=4', 'logs=2', 'nope=1', 'web=x')
    expect(ran).toEqual({
      code: 1,
      out: 'web scaled to 4\n',
      err: [
        'logs: scale can only be used with replicated or replicated-job mode',
        'nope: Error response from daemon: page not found',
        'web: invalid replicas value x: strconv.ParseUint: parsing "x": invalid syntax\n',
      ].join('\n'),
    })
    expect(requests.find(({ method }) => method === 'POST')?.body).toMatchObject({
      Mode: { Replicated: { Replicas: 4 } },
    })
  })

  test('are rolled back by the manager, with nothing else', async () => {
    const { ctl, requests } = await given()
    expect(await ctl('service', 'update', '--rollback', '--image', 'x', 'web')).toMatchObject({
      code: 1,
      err: 'other flags may not be combined with --rollback\n',
    })
    await ctl('service', 'rollback', '-d', 'web')
    expect(requests.at(-1)?.query).toMatchObject({ rollback: 'previous', version: '12' })
  })

  test('are inspected as JSON, by template and for people', async () => {
    const { ctl } = await given()
    expect(JSON.parse((await ctl('service', 'inspect', 'web')).out)).toEqual([web])
    expect((await ctl('service', 'inspect', '-f', '{{.Spec.Name}}', 'web')).out).toBe('web\n')
    const pretty = (await ctl('service', 'inspect', '--pretty', 'web')).out
    expect(pretty).toContain(
      'Service Mode:\tReplicated\n Replicas:\t1\nPlacement:\nContainerSpec:\n Image:\t\tnginx:1@sha256:abc\n',
    )
    expect(await ctl('service', 'inspect', 'nope')).toEqual({
      code: 1,
      out: '[]\n',
      err: 'Error response from daemon: page not found\n',
    })
  })
})

describe('nodes', () => {
  test('are listed, with this one marked', async () => {
    const { ctl } = await given()
    expect((await ctl('node', 'ls')).out.split('\n')).toEqual([
      'ID                            HOSTNAME   STATUS    AVAILABILITY   MANAGER STATUS   ENGINE VERSION',
      'nodenodenodenodenodenode1 *   alpha      Ready     Active         Leader           28.2.2',
      '',
    ])
  })

  test('are changed from what they are', async () => {
    const { ctl, requests } = await given()
    await ctl(
      'node',
      'update',
      '--availability',
      'drain',
      '--label-add',
      'disk=ssd',
      '--label-rm',
      'old',
      'alpha',
    )
    expect(requests.at(-1)).toMatchObject({
      query: { version: '3' },
      body: { Role: 'manager', Availability: 'drain', Labels: { disk: 'ssd' } },
    })
    expect((await ctl('node', 'update', '--label-rm', 'new', 'alpha')).err).toBe(
      "key new doesn't exist in node's labels\n",
    )
  })

  test('keep the role that they have', async () => {
    const { ctl } = await given()
    expect((await ctl('node', 'promote', 'alpha')).out).toBe(`Node ${node.ID} is already a manager.\n`)
    expect((await ctl('node', 'demote', 'alpha')).out).toBe('Manager alpha demoted in the swarm.\n')
  })
})

describe('the cluster', () => {
  const swarm = {
    ID: 'c',
    Version: { Index: 5 },
    Spec: { Name: 'default' },
    JoinTokens: { Worker: 'SWMTKN-1-w', Manager: 'SWMTKN-1-m' },
  }
  const more: Routes = {
    'GET /swarm': () => ({ body: swarm }),
    'POST /swarm/update': () => ({}),
    [`GET /nodes/${node.ID}`]: () => ({ body: node }),
  }

  test('tells how to join', async () => {
    const { ctl } = await given(more)
    expect((await ctl('swarm', 'join-token', '-q', 'manager')).out).toBe('SWMTKN-1-m\n')
    expect((await ctl('swarm', 'join-token', 'worker')).out).toBe(
      'To add a worker to this swarm, run the following command:\n\n    ctl swarm join --token SWMTKN-1-w 10.0.0.1:2377\n\n',
    )
    expect(await ctl('swarm', 'join-token', 'king')).toMatchObject({ code: 1, err: 'unknown role king\n' })
  })

  test('is updated from what it is', async () => {
    const { ctl, requests } = await given(more)
    expect(
      (await ctl('swarm', 'update', '--task-history-limit', '2', '--cert-expiry', '2h', '--autolock=false'))
        .out,
    ).toBe('Swarm updated.\n')
    expect(requests.at(-1)).toMatchObject({
      query: { version: '5', rotateWorkerToken: 'false' },
      body: {
        Name: 'default',
        Orchestration: { TaskHistoryRetentionLimit: 2 },
        CAConfig: { NodeCertExpiry: 7200e9 },
        EncryptionConfig: { AutoLockManagers: false },
      },
    })
  })
})

describe('help', () => {
  test.each([
    [['help'], 'Usage:  ctl [OPTIONS] COMMAND'],
    [['service', 'help'], 'Usage:  ctl service COMMAND'],
    [['help', 'service', 'scale'], 'Usage:  ctl service scale SERVICE=REPLICAS'],
    [['service', 'help', 'scale'], 'Usage:  ctl service scale SERVICE=REPLICAS'],
  ])('%j', async (words, start) => {
    const { ctl } = await given()
    const { code, out } = await ctl(...words)
    expect(code).toBe(0)
    expect(out.startsWith(start)).toBe(true)
  })
})

describe('mistakes', () => {
  test.each([
    [['frob'], 1, 'ctl: unknown command: frob'],
    [
      ['service', 'craete'],
      1,
      "ctl: unknown command: service craete\n(Did you mean create?)\n\nRun 'ctl service --help'",
    ],
    [['swarm', 'ca'], 1, 'ctl: not implemented yet: swarm ca'],
    [['system', 'df'], 1, 'ctl: not implemented yet: system df: each node has'],
    [['service', 'ls', '--colour'], 125, 'unknown flag: --colour\n\nUsage:  ctl service ls [OPTIONS]'],
    [['service', 'create', '--name'], 125, 'flag needs an argument: --name'],
    [['service', 'create', '--replicas', '-1', 'x'], 125, 'invalid argument "-1" for "--replicas" flag'],
    [['service', 'update', '--init=maybe', 'x'], 125, 'invalid argument "maybe" for "--init" flag'],
    [['service', 'rm'], 1, "ctl: 'ctl service rm' requires at least 1 argument"],
    [['node', 'ls', 'x'], 1, "ctl: 'ctl node ls' accepts no arguments"],
    [['service', 'scale', 'web'], 1, "invalid scale specifier 'web'."],
    [['service', 'ls', '--format', '{{.Colour}}'], 1, "can't evaluate field Colour"],
    [
      ['-H', 'unix:///nowhere.sock', 'service', 'ls'],
      1,
      'Cannot connect to the Shoal manager at unix:///nowhere.sock',
    ],
  ])('%j', async (words, code, message) => {
    const { ctl } = await given()
    const ran = await ctl(...words)
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(message)
  })
})

test('switches with a value are rewritten, up to the first argument', async () => {
  await given()
  const flags = [
    { name: 'init', help: '' },
    { name: 'env', short: 'e', value: 'list', help: '' },
  ]
  const words = ['--init=false', '-e', '--init=true', '--init=1', 'image', '--init=false']
  expect(rewriteSwitches(words, flags, true)).toEqual([
    '--turned-off-init',
    '-e',
    '--init=true',
    '--init',
    'image',
    '--init=false',
  ])
})

test('commands are found behind global flags and by their other names', async () => {
  await given()
  expect(findCommand(['-H', 'service', 'service', 'list', 'x'], TREE)).toMatchObject({
    path: ['service', 'ls'],
    length: 4,
  })
  expect(findCommand(['service'], TREE)).toMatchObject({ path: ['service'], leaf: undefined })
})
