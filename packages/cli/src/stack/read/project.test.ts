import { describe, expect, test } from 'vitest'
import { type Given, project } from '../testing/index.js'
import { isMap, type Tree } from './tree.js'

/** One place of a project, `services.web.ports`. */
async function at(given: Given | string, place: string): Promise<Tree | undefined> {
  const { tree } = await project(
    typeof given === 'string' ? { files: { '/app/compose.yaml': given } } : given,
  )
  return place.split('.').reduce<Tree | undefined>((here, key) => (isMap(here) ? here[key] : undefined), tree)
}
const web = (text: string): string => `services:\n  web:\n    image: a\n    ${text}\n`

describe('short syntax is written out', () => {
  test.each<[string, string, Tree]>([
    ['ports: ["80"]', 'ports', [{ target: 80, protocol: 'tcp', mode: 'ingress' }]],
    [
      'ports: ["8080-8081:80-81/udp"]',
      'ports',
      [
        { target: 80, published: 8080, protocol: 'udp', mode: 'ingress' },
        { target: 81, published: 8081, protocol: 'udp', mode: 'ingress' },
      ],
    ],
    ['ports: ["0.0.0.0:80:80"]', 'ports', [{ target: 80, published: 80, protocol: 'tcp', mode: 'ingress' }]],
    ['ports: [22:22]', 'ports', [{ target: 22, published: 22, protocol: 'tcp', mode: 'ingress' }]],
    ['volumes: ["/data"]', 'volumes', [{ type: 'volume', target: '/data' }]],
    [
      'volumes: ["v:/data:ro"]',
      'volumes',
      [{ type: 'volume', source: 'v', target: '/data', read_only: true }],
    ],
    ['volumes: ["./d:/data"]', 'volumes', [{ type: 'bind', source: '/app/d', target: '/data' }]],
    [
      'volumes: ["/d:/data:rslave"]',
      'volumes',
      [{ type: 'bind', source: '/d', target: '/data', bind: { propagation: 'rslave' } }],
    ],
    [
      'volumes: [{type: bind, source: ../d, target: /data}]',
      'volumes',
      [{ type: 'bind', source: '/d', target: '/data' }],
    ],
    ['environment: ["A=1", "B"]', 'environment', { A: '1', B: null }],
    ['labels: ["a.b=c=d"]', 'labels', { 'a.b': 'c=d' }],
    ['extra_hosts: ["a:1.2.3.4", "b=::1"]', 'extra_hosts', { a: ['1.2.3.4'], b: ['::1'] }],
    ['command: sh -c "a b"', 'command', ['sh', '-c', 'a b']],
    ['command: ["a b"]', 'command', ['a b']],
    ['secrets: [s]', 'secrets', [{ source: 's' }]],
    ['configs: [{source: c, mode: 0440}]', 'configs', [{ source: 'c', mode: 0o440 }]],
    ['networks: [n]', 'networks', { n: null }],
    ['healthcheck: {test: exit 0}', 'healthcheck', { test: ['CMD-SHELL', 'exit 0'] }],
    ['ulimits: {nproc: 5}', 'ulimits', { nproc: { soft: 5, hard: 5 } }],
    ['env_file: .e', 'env_file', [{ path: '/app/.e' }]],
    ['tmpfs: /run', 'tmpfs', ['/run']],
  ])('%s', async (text, key, expected) => {
    expect(await at(web(text), `services.web.${key}`)).toEqual(expected)
  })

  test.each([
    ['ports: ["127.0.0.1:80:80"]', /services\.web\.ports\.0 publishes on the address 127\.0\.0\.1/],
    ['volumes: ["v:/d:z"]', /services\.web\.volumes\.0 has a volume option that cannot be honoured: z/],
    ['environment: 5', /services\.web\.environment must be a list/],
    ['extra_hosts: ["a"]', /extra_hosts has an entry without an address: a/],
    ['deploy: 3', /services\.web\.deploy must be a mapping/],
  ])('%s is refused', async (text, message) => {
    await expect(project({ files: { '/app/compose.yaml': web(text) } })).rejects.toThrow(message)
  })
})

describe('keys', () => {
  const given = (text: string): ReturnType<typeof project> =>
    project({ files: { '/app/compose.yaml': web(text) } })

  test('that a cluster cannot honour are named', async () => {
    const { refused } = await given(
      'privileged: true\n    networks: {n: {ipv4_address: 1.2.3.4}}\n    depends_on: {b: {condition: service_healthy, required: false}}',
    )
    expect(refused).toEqual([
      'services.web.privileged',
      'services.web.networks.n.ipv4_address',
      'services.web.depends_on.b.condition (service_healthy)',
    ])
  })
  test('that nobody knows end it; extensions do not', async () => {
    await expect(given('imagee: b\n    deploy: {replica: 2}')).rejects.toThrow(
      'services.web.imagee, services.web.deploy.replica: no such keys in a Compose file',
    )
    await expect(given('x-mine: {any: thing}\n    deploy: {x-too: 1}')).resolves.toMatchObject({
      refused: [],
    })
  })
  test('constructor is no key', async () => {
    await expect(given('constructor: 1')).rejects.toThrow('no such key')
  })
})

describe('several files', () => {
  const merged = (base: string, over: string, place: string): Promise<Tree | undefined> =>
    at(
      {
        files: { '/app/a.yaml': web(base), '/app/b.yaml': web(over) },
        compose: ['/app/a.yaml', '/app/b.yaml'],
      },
      `services.web.${place}`,
    )

  test.each<[string, string, string, Tree | undefined]>([
    ['command: a', 'command: b', 'command', ['b']],
    ['environment: [A=1, B=2]', 'environment: {B: 3}', 'environment', { A: '1', B: 3 }],
    ['cap_add: [A]', 'cap_add: [B, A]', 'cap_add', ['A', 'B']],
    [
      'ports: ["80:80"]',
      'ports: [{target: 80, published: 80, mode: host}, "81:81"]',
      'ports',
      [
        { target: 80, published: 80, mode: 'host' },
        { target: 81, published: 81, protocol: 'tcp', mode: 'ingress' },
      ],
    ],
    [
      'volumes: ["a:/d", "b:/e"]',
      'volumes: ["./c:/d"]',
      'volumes',
      [
        { type: 'bind', source: '/app/c', target: '/d' },
        { type: 'volume', source: 'b', target: '/e' },
      ],
    ],
    [
      'healthcheck: {test: [CMD, a], retries: 3}',
      'healthcheck: {test: b}',
      'healthcheck',
      { test: ['CMD-SHELL', 'b'], retries: 3 },
    ],
    ['logging: {driver: a, options: {x: y}}', 'logging: {driver: b}', 'logging', { driver: 'b' }],
    [
      'logging: {driver: a, options: {x: y}}',
      'logging: {options: {z: w}}',
      'logging',
      { driver: 'a', options: { x: 'y', z: 'w' } },
    ],
    ['networks: {n: {aliases: [q]}}', 'networks: [n, m]', 'networks', { n: { aliases: ['q'] }, m: null }],
    ['ports: ["80:80"]', 'ports: !reset []', 'ports', undefined],
    ['cap_add: [A]', 'cap_add: !override [B]', 'cap_add', ['B']],
    [
      'deploy: {replicas: 2, labels: [a=b]}',
      'deploy: {replicas: 3}',
      'deploy',
      { replicas: 3, labels: { a: 'b' } },
    ],
  ])('%s and %s', async (base, over, place, expected) => {
    expect(await merged(base, over, place)).toEqual(expected)
  })
})

test('a mark in a file alone counts too', async () => {
  expect(await at(web('ports: !reset ["80:80"]'), 'services.web')).toEqual({ image: 'a' })
})

describe('extends', () => {
  test('takes over what another service says, of this file or another, with paths from there', async () => {
    const files = {
      '/app/compose.yaml':
        'services: {web: {extends: base, command: b}, base: {extends: {file: lib/c.yaml, service: root}, image: i}}',
      '/app/lib/c.yaml': 'services: {root: {image: r, command: a, env_file: e, environment: [A=1]}}',
    }
    expect(await at({ files }, 'services.web')).toEqual({
      image: 'i',
      command: ['b'],
      env_file: [{ path: '/app/lib/e' }],
      environment: { A: '1' },
    })
  })
  test.each([
    ['services: {a: {extends: b}, b: {extends: a}}', 'service a extends itself'],
    ['services: {a: {extends: none}}', 'cannot extend service "none"'],
  ])('%s is refused', async (text, message) => {
    await expect(project({ files: { '/app/compose.yaml': text } })).rejects.toThrow(message)
  })
})

describe('profiles', () => {
  const files = {
    '/app/compose.yaml':
      'services: {web: {image: a}, debug: {image: b, profiles: [dev, test]}, other: {image: c, profiles: [o]}}',
  }
  test.each<[readonly string[], Record<string, string>, string[]]>([
    [[], {}, ['web']],
    [['dev'], {}, ['web', 'debug']],
    [[], { COMPOSE_PROFILES: 'test,o' }, ['web', 'debug', 'other']],
    [['*'], {}, ['web', 'debug', 'other']],
  ])('%j %j', async (profiles, environment, expected) => {
    const services = await at({ files, profiles, environment }, 'services')
    expect(Object.keys(services as object)).toEqual(expected)
  })
  test('a service that needs one that is not enabled is refused', async () => {
    const text = 'services: {web: {image: a, depends_on: [db]}, db: {image: b, profiles: [x]}}'
    await expect(project({ files: { '/app/compose.yaml': text } })).rejects.toThrow(
      'service web depends on db, which is not enabled by any profile',
    )
  })
})

describe('variables', () => {
  const text = 'services: {web: {image: "a:${TAG:-none}", hostname: $COMPOSE_PROJECT_NAME}}'
  test.each<[string, Omit<Given, 'files'>, string]>([
    ['.env', {}, 'a:file'],
    ['the environment before it', { environment: { TAG: 'env' } }, 'a:env'],
    ['other files in its place', { envFiles: ['/app/other.env'] }, 'a:other'],
  ])('come from %s', async (_from, more, image) => {
    const files = { '/app/compose.yaml': text, '/app/.env': 'TAG=file', '/app/other.env': 'TAG=other' }
    expect(await at({ files, ...more }, 'services.web.image')).toBe(image)
    expect(await at({ files, ...more }, 'services.web.hostname')).toBe('shop')
  })
  test('that are not set are warned of once', async () => {
    const { warnings } = await project({
      files: { '/app/compose.yaml': 'services: {w: {image: "$A$A", user: $A}}' },
    })
    expect(warnings).toEqual(['The "A" variable is not set. Defaulting to a blank string.'])
  })
})

test('text that is no YAML is refused with its file', async () => {
  await expect(project({ files: { '/app/compose.yaml': 'a: [' } })).rejects.toThrow(/^\/app\/compose\.yaml: /)
  await expect(project({ files: { '/app/compose.yaml': '- a' } })).rejects.toThrow('must be a mapping')
})
