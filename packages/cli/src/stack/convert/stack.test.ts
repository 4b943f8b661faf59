import type { ServiceSpec } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { desiredOf } from '../testing/index.js'

const one = async (lines: string, rest = ''): Promise<ServiceSpec> => {
  const { services } = await desiredOf(
    `services:\n  web:\n    image: a\n${lines.replace(/^/gm, '    ')}\n${rest}`,
    { '/app/e': 'B=2\nC="3 4"\n', '/app/raw': 'D="x"\n', '/app/s': 'open' },
  )
  return services[0] ?? {}
}

test('a service alone has names, labels and the default network, as docker stack gives them', async () => {
  expect(await one('')).toEqual({
    Name: 'shop_web',
    Labels: { 'com.docker.stack.namespace': 'shop', 'com.docker.stack.image': 'a' },
    TaskTemplate: {
      ContainerSpec: { Image: 'a', Labels: { 'com.docker.stack.namespace': 'shop' } },
      Placement: {},
      Networks: [{ Target: 'shop_default', Aliases: ['web'] }],
    },
    Mode: { Replicated: {} },
    EndpointSpec: {},
  })
})

describe('of a container', () => {
  test.each<[string, object]>([
    ['entrypoint: [a]\ncommand: b c', { Command: ['a'], Args: ['b', 'c'] }],
    ['environment: {B: 1, A: x, N: }', { Env: ['A=x', 'B=1', 'N'] }],
    [
      'env_file: [e, {path: none, required: false}, {path: raw, format: raw}]',
      { Env: ['B=2', 'C=3 4', 'D="x"'] },
    ],
    ['env_file: e\nenvironment: [B=9]', { Env: ['B=9', 'C=3 4'] }],
    ['extra_hosts: ["a:1.2.3.4"]', { Hosts: ['1.2.3.4 a'] }],
    ['dns: 1.1.1.1\ndns_opt: [ndots:1]', { DNSConfig: { Nameservers: ['1.1.1.1'], Options: ['ndots:1'] } }],
    ['stop_grace_period: 1m30s\ninit: false', { StopGracePeriod: 90e9, Init: false }],
    [
      'cap_add: [sys_admin]\ncap_drop: [ALL, cap_sys_admin]',
      { CapabilityAdd: ['CAP_SYS_ADMIN'], CapabilityDrop: ['ALL'] },
    ],
    [
      'ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}',
      {
        Ulimits: [
          { Name: 'nofile', Soft: 1, Hard: 2 },
          { Name: 'nproc', Soft: 3, Hard: 3 },
        ],
      },
    ],
    [
      'healthcheck: {test: a, interval: 1s, retries: "3"}',
      { Healthcheck: { Test: ['CMD-SHELL', 'a'], Interval: 1e9, Retries: 3 } },
    ],
    ['healthcheck: {disable: true}', { Healthcheck: { Test: ['NONE'] } }],
    [
      'tmpfs: ["/a", "/b:size=1m,mode=1777"]',
      {
        Mounts: [
          { Type: 'tmpfs', Target: '/a' },
          { Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
        ],
      },
    ],
    [
      'volumes: ["/anonymous", "/h:/c:ro"]',
      {
        Mounts: [
          { Type: 'volume', Target: '/anonymous' },
          { Type: 'bind', Source: '/h', Target: '/c', ReadOnly: true },
        ],
      },
    ],
    ['user: 1000\nhostname: h\ntty: "yes"', { User: '1000', Hostname: 'h', TTY: true }],
  ])('%s', async (lines, expected) => {
    expect((await one(lines)).TaskTemplate?.ContainerSpec).toMatchObject(expected)
  })

  test('named volumes carry their labels and driver; external ones nothing', async () => {
    const spec = await one(
      'volumes: [v:/a, {type: volume, source: w, target: /b, volume: {nocopy: true}}]',
      'volumes:\n  v: {driver: d, driver_opts: {o: 1}, labels: [x=y]}\n  w: {external: true}\n',
    )
    expect(spec.TaskTemplate?.ContainerSpec?.Mounts).toEqual([
      {
        Type: 'volume',
        Source: 'shop_v',
        Target: '/a',
        VolumeOptions: {
          Labels: { x: 'y', 'com.docker.stack.namespace': 'shop' },
          DriverConfig: { Name: 'd', Options: { o: '1' } },
        },
      },
      { Type: 'volume', Source: 'w', Target: '/b', VolumeOptions: { NoCopy: true } },
    ])
  })

  test('secrets and configs are referred to by name, in order', async () => {
    const spec = await one(
      'secrets: [{source: s, target: /t, uid: "5", mode: "0400"}, r]',
      'secrets:\n  s: {file: s}\n  r: {external: true, name: other}\n',
    )
    expect(spec.TaskTemplate?.ContainerSpec?.Secrets).toEqual([
      { SecretName: 'other', File: { Name: 'r', UID: '0', GID: '0', Mode: 0o444 } },
      { SecretName: 'shop_s', File: { Name: '/t', UID: '5', GID: '0', Mode: 0o400 } },
    ])
  })
})

describe('of a deployment', () => {
  test.each<[string, Partial<ServiceSpec>]>([
    ['deploy: {mode: global}', { Mode: { Global: {} } }],
    [
      'deploy: {mode: replicated-job, replicas: 3}',
      { Mode: { ReplicatedJob: { MaxConcurrent: 3, TotalCompletions: 3 } } },
    ],
    ['scale: 4', { Mode: { Replicated: { Replicas: 4 } } }],
    [
      'deploy: {update_config: {delay: 2s, order: start-first}}',
      { UpdateConfig: { Parallelism: 1, Delay: 2e9, Order: 'start-first' } },
    ],
    [
      'deploy: {rollback_config: {parallelism: 0, max_failure_ratio: 0.5}}',
      { RollbackConfig: { Parallelism: 0, MaxFailureRatio: 0.5 } },
    ],
    ['deploy: {endpoint_mode: DNSRR}', { EndpointSpec: { Mode: 'dnsrr' } }],
  ])('%s', async (lines, expected) => expect(await one(lines)).toMatchObject(expected))

  test.each<[string, object]>([
    ['restart: "no"', { RestartPolicy: { Condition: 'none' } }],
    ['restart: no', { RestartPolicy: { Condition: 'none' } }],
    ['restart: unless-stopped', { RestartPolicy: { Condition: 'any' } }],
    ['restart: on-failure:3', { RestartPolicy: { Condition: 'on-failure', MaxAttempts: 3 } }],
    [
      'restart: always\ndeploy: {restart_policy: {condition: none, delay: 0s}}',
      { RestartPolicy: { Condition: 'none', Delay: 0 } },
    ],
    ['cpus: 0.5\nmem_limit: 64m', { Resources: { Limits: { NanoCPUs: 5e8, MemoryBytes: 67108864 } } }],
    [
      'deploy: {resources: {reservations: {cpus: "1/4", generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}}}',
      {
        Resources: {
          Reservations: {
            NanoCPUs: 25e7,
            GenericResources: [{ DiscreteResourceSpec: { Kind: 'gpu', Value: 2 } }],
          },
        },
      },
    ],
    [
      'deploy: {placement: {constraints: [a==b], preferences: [{spread: node.labels.z}], max_replicas_per_node: 2}}',
      {
        Placement: {
          Constraints: ['a==b'],
          Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.z' } }],
          MaxReplicas: 2,
        },
      },
    ],
    ['logging: {driver: d, options: {n: 1}}', { LogDriver: { Name: 'd', Options: { n: '1' } } }],
  ])('%s', async (lines, expected) => expect((await one(lines)).TaskTemplate).toMatchObject(expected))
})

test.each([
  ['scale: 2\ndeploy: {replicas: 3}', /services\.web\.scale contradicts deploy\.replicas/],
  ['deploy: {mode: global, replicas: 2}', /replicas can only be used with replicated/],
  ['mem_limit: 1g\ndeploy: {resources: {limits: {memory: 2g}}}', /mem_limit contradicts/],
  ['stop_grace_period: soon', /services\.web\.stop_grace_period is invalid: time: invalid duration/],
  ['volumes: [v:/a]', /names an undefined volume: v/],
  ['networks: [n]', /names an undefined network: n/],
  ['secrets: [s]', /names an undefined secret: s/],
  ['ports: [{target: 80, published: "80-90"}]', /is a range to choose from/],
  ['volumes: [{type: npipe, source: a, target: b}]', /volumes\.0\.type cannot be honoured: npipe/],
  ['deploy: {replicas: -1}', /must be a whole number/],
])('%s is refused', async (lines, message) => {
  await expect(one(lines)).rejects.toThrow(message)
})

describe('a stack', () => {
  test('makes the networks that its services use, and knows those of others', async () => {
    const { networks, external } = await desiredOf(`
services:
  a: {image: x, networks: [n, e]}
networks:
  n: {driver_opts: {mtu: 1300}, internal: true, ipam: {config: [{subnet: 10.9.0.0/24}]}}
  e: {external: true, name: theirs}
  unused: {}
`)
    expect(networks).toEqual([
      {
        Name: 'shop_n',
        Driver: 'overlay',
        Internal: true,
        Attachable: false,
        Labels: { 'com.docker.stack.namespace': 'shop' },
        Options: { mtu: '1300' },
        IPAM: { Driver: 'default', Config: [{ Subnet: '10.9.0.0/24' }] },
      },
    ])
    expect(external.network).toEqual(['theirs'])
  })

  test('names services after those that they depend on', async () => {
    const text = 'services: {a: {image: x, depends_on: [z]}, b: {image: x}, z: {image: x, depends_on: [b]}}'
    expect((await desiredOf(text)).services.map(({ Name }) => Name)).toEqual(['shop_b', 'shop_z', 'shop_a'])
    await expect(
      desiredOf('services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}'),
    ).rejects.toThrow('services depend on each other: a → b → a')
  })

  test('reads secrets and configs from files, variables and the Compose file', async () => {
    const text = `
services: {a: {image: x}}
secrets: {s: {file: s}, e: {environment: COMPOSE_PROJECT_NAME}, d: {driver: vault}}
configs: {c: {content: "hi\\n", template_driver: golang, name: own}}
`
    const { files } = await desiredOf(text, { '/app/s': 'open' })
    const labels = { 'com.docker.stack.namespace': 'shop' }
    expect(files).toEqual([
      { kind: 'secret', name: 'shop_s', labels, data: btoa('open') },
      { kind: 'secret', name: 'shop_e', labels, data: btoa('shop') },
      { kind: 'secret', name: 'shop_d', labels, driver: { Name: 'vault', Options: {} } },
      { kind: 'config', name: 'own', labels, data: btoa('hi\n'), templating: 'golang' },
    ])
    await expect(desiredOf(text)).rejects.toThrow('open /app/s: no such file or directory')
    await expect(desiredOf('services: {a: {image: x}}\nsecrets: {s: {}}')).rejects.toThrow(
      'secrets.s needs a file, an environment variable or a content',
    )
  })

  test('without an image, or without any service, is refused', async () => {
    await expect(desiredOf('services: {a: {command: x}}')).rejects.toThrow('services.a has no image')
    await expect(desiredOf('services: {}')).rejects.toThrow('no service is enabled')
  })
})
