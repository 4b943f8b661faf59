import { ShoalError } from '@shoal/common/errors'
import { describe, expect, test } from 'vitest'
import type { ServiceSpec } from '@shoal/engine-api'
import {
  CREATE_FLAGS,
  draftChangedService,
  draftNewService,
  pinImage,
  resolveReferences,
  UPDATE_FLAGS,
} from './index.js'

const surroundings = {
  environment: { HOME: '/root' },
  readFile: (path: string) => {
    if (path !== 'vars') throw new Error(`open ${path}: no such file or directory`)
    return '# comment\nA=1\n\nHOME\nUNSET\nB=two words\n'
  },
}
type Flags = Record<string, string | string[]>
const given = (flags: Flags) => new Map(Object.entries(flags).map(([name, value]) => [name, [value].flat()]))
const create = (flags: Flags, args: string[] = []) =>
  draftNewService('nginx', args, given(flags), surroundings).spec
const update = (spec: ServiceSpec, flags: Flags) => draftChangedService(spec, given(flags), surroundings).spec
const container = (spec: object): ServiceSpec => ({ TaskTemplate: { ContainerSpec: spec } })
const task = (spec: object): ServiceSpec => ({ TaskTemplate: { ContainerSpec: {}, ...spec } })

test('a new service with nothing but an image is what docker sends', () => {
  expect(create({}, ['echo', 'hi'])).toEqual({
    Name: '',
    Labels: {},
    TaskTemplate: {
      ContainerSpec: { Image: 'nginx', Args: ['echo', 'hi'], Init: false, DNSConfig: {} },
      Resources: { Limits: {}, Reservations: {} },
      Placement: {},
    },
    Mode: { Replicated: {} },
    EndpointSpec: { Mode: 'vip' },
  })
})

const CREATED: [Flags, object][] = [
  [
    { name: 'web', label: ['a=1', 'b'] },
    { Name: 'web', Labels: { a: '1', b: '' } },
  ],
  [{ replicas: '3' }, { Mode: { Replicated: { Replicas: 3 } } }],
  [{ mode: 'global' }, { Mode: { Global: {} } }],
  [
    { mode: 'replicated-job', replicas: '9', 'max-concurrent': '3' },
    { Mode: { ReplicatedJob: { TotalCompletions: 9, MaxConcurrent: 3 } } },
  ],
  [
    { mode: 'replicated-job', replicas: '9' },
    { Mode: { ReplicatedJob: { TotalCompletions: 9, MaxConcurrent: 9 } } },
  ],
  [{ mode: 'global-job' }, { Mode: { GlobalJob: {} } }],
  [
    { 'env-file': 'vars', env: ['A=2', 'HOME', 'C=3'] },
    container({ Env: ['A=2', 'HOME=/root', 'B=two words', 'C=3'] }),
  ],
  [
    {
      workdir: '/w',
      user: 'u:g',
      hostname: 'h',
      'stop-signal': 'SIGQUIT',
      'stop-grace-period': '20s',
      isolation: 'default',
    },
    container({
      Dir: '/w',
      User: 'u:g',
      Hostname: 'h',
      StopSignal: 'SIGQUIT',
      StopGracePeriod: 20e9,
      Isolation: 'default',
    }),
  ],
  [
    {
      init: 'true',
      tty: 'true',
      'read-only': 'true',
      'oom-score-adj': '-500',
      group: ['g'],
      host: 'db:10.0.0.9',
    },
    container({
      Init: true,
      TTY: true,
      ReadOnly: true,
      OomScoreAdj: -500,
      Groups: ['g'],
      Hosts: ['10.0.0.9 db'],
    }),
  ],
  [
    {
      entrypoint: 'sh -c',
      sysctl: 'net.core.somaxconn=1024',
      ulimit: ['nproc=1', 'core=2'],
      'container-label': 'x=y',
    },
    container({
      Command: ['sh', '-c'],
      Sysctls: { 'net.core.somaxconn': '1024' },
      Ulimits: [
        { Name: 'core', Soft: 2, Hard: 2 },
        { Name: 'nproc', Soft: 1, Hard: 1 },
      ],
      Labels: { x: 'y' },
    }),
  ],
  [
    { 'cap-add': ['net_admin', 'CAP_SYS_TIME'], 'cap-drop': ['sys_time', 'chown'] },
    container({ CapabilityAdd: ['CAP_NET_ADMIN', 'CAP_SYS_TIME'], CapabilityDrop: ['CAP_CHOWN'] }),
  ],
  [
    {
      'health-cmd': 'curl -f x',
      'health-interval': '5s',
      'health-retries': '3',
      'health-start-interval': '1s',
    },
    container({
      Healthcheck: { Test: ['CMD-SHELL', 'curl -f x'], Interval: 5e9, Retries: 3, StartInterval: 1e9 },
    }),
  ],
  [{ 'no-healthcheck': 'true' }, container({ Healthcheck: { Test: ['NONE'] } })],
  [
    { dns: '1.1.1.1', 'dns-search': 'example.com', 'dns-option': 'ndots:2' },
    container({ DNSConfig: { Nameservers: ['1.1.1.1'], Search: ['example.com'], Options: ['ndots:2'] } }),
  ],
  [{ mount: 'dst=/data' }, container({ Mounts: [{ Type: 'volume', Target: '/data' }] })],
  [{ 'credential-spec': 'file://a.json' }, container({ Privileges: { CredentialSpec: { File: 'a.json' } } })],
  [
    {
      'limit-cpu': '.5',
      'limit-memory': '64m',
      'limit-pids': '10',
      'reserve-cpu': '1',
      'reserve-memory': '1g',
      'generic-resource': 'ssd=1',
    },
    {
      TaskTemplate: {
        Resources: {
          Limits: { NanoCPUs: 5e8, MemoryBytes: 67_108_864, Pids: 10 },
          Reservations: {
            NanoCPUs: 1e9,
            MemoryBytes: 1_073_741_824,
            GenericResources: [{ DiscreteResourceSpec: { Kind: 'ssd', Value: 1 } }],
          },
        },
      },
    },
  ],
  [
    { 'restart-condition': 'on-failure', 'restart-max-attempts': '4', 'restart-window': '1m' },
    {
      TaskTemplate: { RestartPolicy: { Condition: 'on-failure', Delay: 5e9, MaxAttempts: 4, Window: 60e9 } },
    },
  ],
  [
    {
      constraint: ['node.role==worker'],
      'placement-pref': 'spread=node.labels.dc',
      'replicas-max-per-node': '2',
    },
    {
      TaskTemplate: {
        Placement: {
          Constraints: ['node.role==worker'],
          Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.dc' } }],
          MaxReplicas: 2,
        },
      },
    },
  ],
  [
    { 'update-parallelism': '2', 'update-order': 'start-first', 'rollback-delay': '1s' },
    {
      UpdateConfig: {
        Parallelism: 2,
        Delay: 0,
        Monitor: 5e9,
        FailureAction: 'pause',
        MaxFailureRatio: 0,
        Order: 'start-first',
      },
      RollbackConfig: {
        Parallelism: 1,
        Delay: 1e9,
        Monitor: 5e9,
        FailureAction: 'pause',
        MaxFailureRatio: 0,
        Order: 'stop-first',
      },
    },
  ],
  [
    {
      'update-delay': '2s',
      'update-monitor': '1s',
      'update-failure-action': 'rollback',
      'update-max-failure-ratio': '0.25',
    },
    { UpdateConfig: { Delay: 2e9, Monitor: 1e9, FailureAction: 'rollback', MaxFailureRatio: 0.25 } },
  ],
  [
    { publish: ['8080:80', 'mode=host,target=53,protocol=udp'], 'endpoint-mode': 'DNSRR' },
    {
      EndpointSpec: {
        Mode: 'dnsrr',
        Ports: [
          { Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'ingress' },
          { Protocol: 'udp', TargetPort: 53, PublishMode: 'host' },
        ],
      },
    },
  ],
  [
    { 'log-driver': 'json-file', 'log-opt': ['max-size=1m'] },
    { TaskTemplate: { LogDriver: { Name: 'json-file', Options: { 'max-size': '1m' } } } },
  ],
]

describe('service create', () => {
  test.each(CREATED)('%j', (flags, expected) => {
    expect(create(flags)).toMatchObject(expected)
  })
})

const CHANGED: [ServiceSpec, Flags, object][] = [
  [container({ Image: 'a' }), { image: 'b', args: 'x "y z"' }, container({ Image: 'b', Args: ['x', 'y z'] })],
  [
    { Labels: { a: '1', b: '2' } },
    { 'label-rm': ['a'], 'label-add': ['c=3'] },
    { Labels: { b: '2', c: '3' } },
  ],
  [
    container({ Labels: { a: '1', b: '2' } }),
    { 'container-label-rm': 'a', 'container-label-add': 'b=9' },
    container({ Labels: { b: '9' } }),
  ],
  [
    container({ Env: ['A=1', 'B=2'] }),
    { 'env-rm': ['A'], 'env-add': ['B=3', 'C=4'] },
    container({ Env: ['B=3', 'C=4'] }),
  ],
  [container({ Groups: ['a'] }), { 'group-add': 'b', 'group-rm': 'a' }, container({ Groups: ['b'] })],
  [
    container({ Hosts: ['10.0.0.2 h3 h1', '10.0.0.1 h1', '10.0.0.3 h4'] }),
    { 'host-rm': ['h1', 'h4:10.0.0.9'], 'host-add': 'n:1.2.3.4' },
    container({ Hosts: ['10.0.0.2 h3', '10.0.0.3 h4', '1.2.3.4 n'] }),
  ],
  [
    container({ Mounts: [{ Target: '/a', Source: 'x' }, { Target: '/b' }] }),
    { 'mount-add': 'src=y,dst=/a', 'mount-rm': '/b' },
    container({ Mounts: [{ Type: 'volume', Source: 'y', Target: '/a' }] }),
  ],
  [
    container({ Sysctls: { a: '1', b: '2' } }),
    { 'sysctl-rm': 'a', 'sysctl-add': 'c=3' },
    container({ Sysctls: { b: '2', c: '3' } }),
  ],
  [
    container({ Ulimits: [{ Name: 'nproc', Soft: 1, Hard: 1 }] }),
    { 'ulimit-rm': 'nproc', 'ulimit-add': 'core=1' },
    container({ Ulimits: [{ Name: 'core', Soft: 1, Hard: 1 }] }),
  ],
  [
    container({ Secrets: [{ SecretName: 'a' }, { SecretName: 'b' }], Configs: [{ ConfigName: 'c' }] }),
    { 'secret-rm': 'a', 'config-rm': 'c' },
    container({ Secrets: [{ SecretName: 'b' }], Configs: [] }),
  ],
  [
    container({ DNSConfig: { Nameservers: ['1.1.1.1'], Search: ['a.com'], Options: ['x'] } }),
    {
      'dns-add': '8.8.8.8',
      'dns-rm': '1.1.1.1',
      'dns-search-rm': 'a.com',
      'dns-search-add': 'b.com',
      'dns-option-add': 'y',
      'dns-option-rm': 'x',
    },
    container({ DNSConfig: { Nameservers: ['8.8.8.8'], Search: ['b.com'], Options: ['y'] } }),
  ],
  [
    task({ Placement: { Constraints: ['a==b'], Preferences: [{ Spread: { SpreadDescriptor: 'x' } }] } }),
    {
      'constraint-add': 'c==d',
      'constraint-rm': 'a==b',
      'placement-pref-rm': 'spread=x',
      'placement-pref-add': 'spread=y',
    },
    task({ Placement: { Constraints: ['c==d'], Preferences: [{ Spread: { SpreadDescriptor: 'y' } }] } }),
  ],
  [
    task({
      Resources: { Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'a', Value: 1 } }] } },
    }),
    { 'generic-resource-add': 'b=2', 'generic-resource-rm': 'a' },
    task({
      Resources: { Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'b', Value: 2 } }] } },
    }),
  ],
  [
    {
      EndpointSpec: {
        Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'ingress' }],
      },
    },
    { 'publish-rm': '80', 'publish-add': '9090:90' },
    {
      EndpointSpec: {
        Ports: [{ Protocol: 'tcp', TargetPort: 90, PublishedPort: 9090, PublishMode: 'ingress' }],
      },
    },
  ],
  [{ Mode: { Replicated: { Replicas: 2 } } }, { replicas: '5' }, { Mode: { Replicated: { Replicas: 5 } } }],
  [
    { Mode: { ReplicatedJob: { TotalCompletions: 5, MaxConcurrent: 5 } } },
    { 'max-concurrent': '2' },
    { Mode: { ReplicatedJob: { TotalCompletions: 5, MaxConcurrent: 2 } } },
  ],
  [task({ ForceUpdate: 4 }), { force: 'true' }, task({ ForceUpdate: 5 })],
  [
    container({ Healthcheck: { Test: ['NONE'] } }),
    { 'health-interval': '2s' },
    container({ Healthcheck: { Interval: 2e9 } }),
  ],
  [
    { UpdateConfig: { Parallelism: 4 } },
    { 'update-delay': '1s' },
    { UpdateConfig: { Parallelism: 4, Delay: 1e9 } },
  ],
  [
    task({ LogDriver: { Name: 'json-file' } }),
    { 'log-opt': 'a=b' },
    task({ LogDriver: { Name: 'json-file', Options: { a: 'b' } } }),
  ],
  [container({ Init: true }), { init: 'false' }, container({ Init: false })],
]

describe('service update', () => {
  test.each(CHANGED)('%j with %j', (spec, flags, expected) => {
    expect(update(spec, flags)).toMatchObject(expected)
  })

  test('leaves the spec that it was given as it was', () => {
    const spec = container({ Env: ['A=1'] })
    update(spec, { 'env-add': 'A=2' })
    expect(spec).toEqual(container({ Env: ['A=1'] }))
  })

  test('an update without flags changes nothing', () => {
    const spec = create({ name: 'web', env: 'A=1', publish: '80:80' })
    expect(update(spec, {})).toEqual(spec)
  })

  test.each([
    [
      'a dropped capability is first only taken back',
      { CapabilityDrop: ['CAP_CHOWN'] },
      { 'cap-add': 'chown' },
      [],
      [],
    ],
    ['and then added', {}, { 'cap-add': 'chown' }, ['CAP_CHOWN'], []],
    [
      'an added one is first only taken back',
      { CapabilityAdd: ['CAP_CHOWN'] },
      { 'cap-drop': 'chown' },
      [],
      [],
    ],
    [
      'RESET empties its list',
      { CapabilityAdd: ['CAP_CHOWN'] },
      { 'cap-add': ['RESET', 'kill'] },
      ['CAP_KILL'],
      [],
    ],
    ['ALL outweighs the others', { CapabilityAdd: ['CAP_CHOWN'] }, { 'cap-add': 'all' }, ['ALL'], []],
  ])('capabilities: %s', (_name, spec, flags, added, dropped) => {
    const changed = update(container(spec), flags).TaskTemplate.ContainerSpec
    expect([changed.CapabilityAdd, changed.CapabilityDrop]).toEqual([added, dropped])
  })
})

describe('what cannot be is refused before anything is sent', () => {
  test.each<[() => unknown, string]>([
    [
      () => create({ replicas: '-1' }),
      'invalid argument "-1" for "--replicas" flag: strconv.ParseUint: parsing "-1": invalid syntax',
    ],
    [
      () => create({ publish: 'x' }),
      'invalid argument "x" for "-p, --publish" flag: invalid containerPort: x',
    ],
    [
      () => create({ 'limit-memory': 'much' }),
      `invalid argument "much" for "--limit-memory" flag: invalid size: 'much'`,
    ],
    [
      () => create({ mode: 'global', replicas: '1' }),
      'replicas can only be used with replicated or replicated-job mode',
    ],
    [() => create({ mode: 'chaos' }), 'Unknown mode: chaos, only replicated and global supported'],
    [() => create({ 'max-concurrent': '1' }), 'max-concurrent can only be used with replicated-job mode'],
    [
      () => create({ mode: 'global-job', 'update-order': 'start-first' }),
      'update and rollback configuration is not supported for jobs',
    ],
    [
      () => create({ 'no-healthcheck': 'true', 'health-cmd': 'x' }),
      '--no-healthcheck conflicts with --health-* options',
    ],
    [() => create({ 'env-file': 'absent' }), 'open absent: no such file or directory'],
    [() => create({ 'log-opt': 'a=b' }), '--log-opt needs a log driver: use --log-driver'],
    [
      () => update({ Mode: { Global: {} } }, { replicas: '2' }),
      'replicas can only be used with replicated mode',
    ],
    [
      () => update({}, { 'generic-resource-rm': 'gpu' }),
      'could not find generic-resource `gpu` to remove it',
    ],
  ])('%#', (attempt, message) => {
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid-argument', message }))
  })
})

describe('names become IDs', () => {
  const references = {
    network: async (ref: string) => ({ Id: `id-of-${ref}` }),
    secrets: async (names: readonly string[]) =>
      names.filter((name) => name !== 'absent').map((name) => ({ ID: `s-${name}`, Spec: { Name: name } })),
    configs: async (names: readonly string[]) =>
      names.map((name) => ({ ID: `c-${name}`, Spec: { Name: name } })),
  }
  const resolveNew = (flags: Flags) =>
    resolveReferences(draftNewService('nginx', [], given(flags), surroundings), references)

  test('of networks, secrets and configs', async () => {
    const spec = await resolveNew({
      network: ['name=back,alias=x'],
      secret: 'key',
      config: 'site',
      'credential-spec': 'config://cred',
    })
    expect(spec.TaskTemplate).toMatchObject({
      Networks: [{ Target: 'id-of-back', Aliases: ['x'] }],
      ContainerSpec: {
        Secrets: [{ SecretID: 's-key', SecretName: 'key', File: { Name: 'key' } }],
        Configs: [
          { ConfigName: 'cred', ConfigID: 'c-cred', Runtime: {} },
          { ConfigName: 'site', ConfigID: 'c-site' },
        ],
        Privileges: { CredentialSpec: { Config: 'c-cred' } },
      },
    })
  })

  test('networks of an update are added to and taken from those that are there', async () => {
    const draft = draftChangedService(
      task({ Networks: [{ Target: 'id-of-a' }, { Target: 'id-of-b' }] }),
      given({ 'network-rm': 'a', 'network-add': 'c' }),
      surroundings,
    )
    const spec = await resolveReferences(draft, references)
    expect(spec.TaskTemplate?.Networks).toEqual([{ Target: 'id-of-b' }, { Target: 'id-of-c' }])
  })

  test.each([
    [{ secret: 'absent' }, 'secret not found: absent'],
    [{ secret: ['source=a,target=x', 'source=b,target=x'] }, 'duplicate secret target for b not allowed'],
    [{ network: ['a', 'a'] }, 'service is already attached to network a'],
  ])('%j is refused', async (flags, message) => {
    await expect(resolveNew(flags)).rejects.toThrow(message)
  })
})

describe('the image', () => {
  test('is pinned to the digest that the registry names', async () => {
    const spec = create({})
    const digest = `sha256:${'a'.repeat(64)}`
    const warning = await pinImage(spec, {
      distribution: async () => ({
        Descriptor: { digest },
        Platforms: [{ architecture: 'amd64', os: 'linux' }],
      }),
    })
    expect(warning).toBeUndefined()
    expect(spec.TaskTemplate.ContainerSpec.Image).toBe(`nginx:latest@${digest}`)
    expect(spec.TaskTemplate.Placement?.Platforms).toEqual([{ Architecture: 'amd64', OS: 'linux' }])
  })

  test('keeps its tag, with a warning, when the registry cannot be asked', async () => {
    const spec = create({})
    const warning = await pinImage(spec, {
      distribution: async () => {
        throw new Error('no route')
      },
    })
    expect(warning).toContain('image nginx:latest could not be accessed on a registry to record\nits digest.')
    expect(spec.TaskTemplate.ContainerSpec.Image).toBe('nginx:latest')
  })

  test('keeps its tag without a word when the manager asks no registries', async () => {
    const spec = create({})
    const warning = await pinImage(spec, {
      distribution: async () => {
        throw new ShoalError('unimplemented', 'not implemented: GET /distribution/nginx:latest/json')
      },
    })
    expect(warning).toBeUndefined()
    expect(spec.TaskTemplate.ContainerSpec.Image).toBe('nginx:latest')
  })
})

describe("no flag of docker's CLI 28 is missing", () => {
  const names = (flags: readonly { name: string }[]): string[] => flags.map((flag) => flag.name)
  const both =
    'cap-add cap-drop credential-spec detach endpoint-mode entrypoint health-cmd health-interval health-retries health-start-interval health-start-period health-timeout hostname init isolation limit-cpu limit-memory limit-pids log-driver log-opt max-concurrent no-healthcheck no-resolve-image oom-score-adj quiet read-only replicas replicas-max-per-node reserve-cpu reserve-memory restart-condition restart-delay restart-max-attempts restart-window rollback-delay rollback-failure-action rollback-max-failure-ratio rollback-monitor rollback-order rollback-parallelism stop-grace-period stop-signal tty update-delay update-failure-action update-max-failure-ratio update-monitor update-order update-parallelism user with-registry-auth workdir'.split(
      ' ',
    )
  const created =
    'config constraint container-label dns dns-option dns-search env env-file generic-resource group host label mode mount name network placement-pref publish secret sysctl ulimit'.split(
      ' ',
    )
  const pairs =
    'config constraint container-label dns dns-option dns-search env generic-resource group host label mount network placement-pref publish secret sysctl ulimit'.split(
      ' ',
    )
  test('create', () => {
    expect(names(CREATE_FLAGS).sort()).toEqual([...both, ...created].sort())
  })
  test('update', () => {
    const updated = pairs.flatMap((name) => [`${name}-add`, `${name}-rm`])
    expect(names(UPDATE_FLAGS).sort()).toEqual(
      [...both, ...updated, 'args', 'force', 'image', 'rollback'].sort(),
    )
  })
})
