import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownPaths } from '@shoal/manager/api/known-paths'
import { describe, expect, test } from 'vitest'
import { SceneClient, filters, image, SPEC, type Method } from './scene-client.js'

const client = SceneClient.forEachTest()

describe('the frame', () => {
  test('a ping tells the version to both methods, with and without a prefix', async () => {
    for (const [method, url, text] of [
      ['GET', '/_ping', 'OK'],
      ['HEAD', '/v1.41/_ping', ''],
    ] as const) {
      const answer = await client.ask(method, url)
      expect(answer).toMatchObject({ status: 200, text })
      expect(answer.headers).toMatchObject({
        'api-version': '1.47',
        ostype: 'linux',
        'docker-experimental': 'false',
        server: 'Docker/0.1.0 (linux)',
        swarm: 'active/manager',
      })
    }
  })

  test('every answer carries the headers, and errors the exact content type that clients look for', async () => {
    const answer = await client.ask('GET', '/v1.41/services/none')
    expect(answer).toMatchObject({ status: 404, text: '{"message":"service none not found"}\n' })
    expect(answer.headers).toMatchObject({ 'api-version': '1.47', 'content-type': 'application/json' })
  })

  test.each([
    ['/v9.99/info', /^client version 9.99 is too new. Maximum supported API version is 1.47$/],
    ['/v1.23/info', /^client version 1.23 is too old. Minimum supported API version is 1.24/],
  ])('%s is refused', async (url, message) => {
    const { status, body } = await client.ask('GET', url)
    expect(status).toBe(400)
    expect(body.message).toMatch(message)
  })

  test.each([
    ['GET', '/nothing'],
    ['PUT', '/services'],
    ['POST', '/v1.41/services/a/b/c'],
  ] as const)('%s %s: nobody knows it', async (method, url) => {
    expect(await client.ask(method, url)).toMatchObject({ status: 404, body: { message: 'page not found' } })
  })

  test('every path of Docker is served, or refused by name', async () => {
    for (const line of knownPaths()) {
      const [method = '', template = ''] = line.split(' ')
      const path = template.replace(/\{\w+\}…?/g, 'x')
      // The stream of events would not end by itself.
      const url = `${path}?until=1`
      const { status, body } = await client.ask(method as Method, url, method === 'POST' ? {} : undefined)
      const answered = status !== 404 || body?.message !== 'page not found'
      expect({ line, answered }).toEqual({ line, answered: true })
      const named = status !== 501 || method === 'HEAD' || body?.message.includes(`: ${method} ${path}`)
      expect({ line, named }).toEqual({ line, named: true })
    }
  })

  test('a path that is not served does not wait for its body', async () => {
    const answer = await client.ask('POST', '/build', 'x'.repeat(8 * 1024 * 1024))
    expect(answer).toMatchObject({ status: 501, body: { message: 'not implemented: POST /build' } })
  })
})

describe('bad input gets Docker’s status and words, and changes nothing', () => {
  test.each<[string, object | string, number, RegExp]>([
    ['no JSON', 'hello', 400, /^invalid JSON: invalid character 'h'/],
    ['half a document', '{"Name":', 400, /^invalid JSON: unexpected EOF$/],
    ['two documents', '{}{}', 400, /^unexpected content after JSON$/],
    [
      'a number as a name',
      { ...SPEC, Name: 1 },
      400,
      /cannot unmarshal number into Go struct field ServiceSpec.Name/,
    ],
    [
      'negative replicas',
      { ...SPEC, Mode: { Replicated: { Replicas: -1 } } },
      400,
      /cannot unmarshal number -1 .*Replicas of type uint64/,
    ],
    [
      'an unknown operator',
      { ...SPEC, TaskTemplate: { ...SPEC.TaskTemplate, Placement: { Constraints: ['a~b'] } } },
      400,
      /constraint expected one operator from ==, !=/,
    ],
    [
      'an unknown mount type',
      {
        ...SPEC,
        TaskTemplate: { ContainerSpec: { Image: 'x', Mounts: [{ Type: 'floppy', Target: '/x' }] } },
      },
      400,
      /invalid MountType: "floppy"/,
    ],
    ['an invalid image', { ...SPEC, ...image('Bad Image') }, 400, /not a valid repository\/tag/],
    [
      'a name that is no DNS name',
      { ...SPEC, Name: 'a.b' },
      400,
      /^rpc error: code = InvalidArgument desc = name must be valid as a DNS name component$/,
    ],
    [
      'a name that is taken',
      { ...SPEC, Name: 'taken' },
      409,
      /^rpc error: code = AlreadyExists desc = name conflicts with an existing object: service taken already exists$/,
    ],
    [
      'an ingress port of SCTP',
      { ...SPEC, EndpointSpec: { Ports: [{ TargetPort: 80, Protocol: 'sctp' }] } },
      501,
      /^not implemented: published ports of SCTP in ingress mode; publish in host mode instead$/,
    ],
    [
      'an ingress port with dnsrr',
      { ...SPEC, EndpointSpec: { Mode: 'dnsrr', Ports: [{ TargetPort: 80 }] } },
      400,
      /EndpointSpec: port published with ingress mode can't be used with dnsrr mode$/,
    ],
    [
      'the ingress network by name',
      { ...SPEC, Networks: [{ Target: 'ingress' }] },
      400,
      /Service cannot be explicitly attached to the ingress network "ingress"$/,
    ],
    [
      'a driver’s option for a network',
      { ...SPEC, Networks: [{ Target: 'ingress', DriverOpts: { a: 'b' } }] },
      501,
      /^not implemented: TaskTemplate.Networks.DriverOpts on the network ingress$/,
    ],
    [
      'a job with an update config',
      { ...SPEC, Mode: { ReplicatedJob: {} }, UpdateConfig: { Parallelism: 1 } },
      400,
      /update and rollback configuration is not supported for jobs/,
    ],
    ['a network that nobody has', { ...SPEC, Networks: [{ Target: 'mine' }] }, 404, /network mine not found/],
    [
      'a secret that nobody made',
      {
        ...SPEC,
        TaskTemplate: {
          ContainerSpec: {
            Image: 'x',
            Secrets: [{ SecretID: 'none', SecretName: 'key', File: { Name: 'key' } }],
          },
        },
      },
      400,
      /secret not found: key/,
    ],
    [
      'a config for the runtime',
      {
        ...SPEC,
        TaskTemplate: {
          ContainerSpec: { Image: 'x', Configs: [{ ConfigID: 'c', ConfigName: 'c', Runtime: {} }] },
        },
      },
      501,
      /not implemented: ContainerSpec.Configs.Runtime/,
    ],
    [
      'a mount of a cluster volume',
      {
        ...SPEC,
        TaskTemplate: { ContainerSpec: { Image: 'x', Mounts: [{ Type: 'cluster', Target: '/x' }] } },
      },
      501,
      /not implemented: mounts of type cluster/,
    ],
  ])('%s', async (_what, body, status, message) => {
    await client.create({ Name: 'taken' })
    const before = client.everything()
    const answer = await client.ask('POST', '/services/create', body)
    expect(answer.status).toBe(status)
    expect(answer.body.message).toMatch(message)
    expect(client.everything()).toBe(before)
  })

  test('another content type', async () => {
    const answer = await client.ask('POST', '/services/create', SPEC, { 'content-type': 'text/plain' })
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.body.message).toBe(
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    )
  })

  test.each([
    ['a path that cannot be read', '/services/%zz', 400, /not a valid url component/],
    ['half a character', '/services%c3%28', 400, /not a valid url component/],
    ['a name beyond all measure', `/services/${'x'.repeat(9000)}`, 404, /^service x+ not found$/],
  ])('%s', async (_what, path, status, message) => {
    const answer = await client.ask('GET', path)
    expect(answer.status).toBe(status)
    expect(answer.body.message).toMatch(message)
  })

  test('a thousand services are asked for at once, over a connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-api-'))
    const socketPath = join(folder, 'api.sock')
    await client.server.listen({ path: socketPath })
    const names = Array.from({ length: 1000 }, (_, index) => `service-number-${index}`)
    const path = `/services?${filters({ name: names })}`
    const status = await new Promise<number | undefined>((resolve, reject) => {
      get({ socketPath, path, agent: false }, (answer) => resolve(answer.resume().statusCode)).once(
        'error',
        reject,
      )
    })
    expect(path.length).toBeGreaterThan(16 * 1024)
    expect(status).toBe(200)
    await rm(folder, { recursive: true })
  })

  test('a body beyond all measure', async () => {
    const answer = await client.ask('POST', '/services/create', {
      ...SPEC,
      Labels: { a: 'x'.repeat(5 * 1024 * 1024) },
    })
    expect(answer.status).toBe(413)
  })

  test.each([
    ['a stale version', '?version=1', 500, 'rpc error: code = Unknown desc = update out of sequence'],
    ['no version', '', 400, `invalid service version '': strconv.ParseUint: parsing "": invalid syntax`],
    [
      'a word for a version',
      '?version=x',
      400,
      `invalid service version 'x': strconv.ParseUint: parsing "x": invalid syntax`,
    ],
    ['an unknown rollback', '?version=1&rollback=all', 500, 'unrecognized rollback option all'],
  ])('an update with %s', async (_what, query, status, message) => {
    await client.create()
    const before = client.everything()
    expect(await client.ask('POST', `/services/web/update${query}`, SPEC)).toMatchObject({
      status,
      body: { message },
    })
    expect(client.everything()).toBe(before)
  })

  test.each([
    ['/services?filters=x', /^invalid filters: x is not JSON$/],
    [`/services?${filters({ mood: ['x'] })}`, /^invalid filter 'mood'$/],
    [`/services?${filters({ name: 5 })}`, /^invalid filters/],
    ['/services?status=maybe', /strconv.ParseBool: parsing "maybe": invalid syntax/],
    [`/tasks?${filters({ 'desired-state': ['asleep'] })}`, /^invalid desired-state filter: 'asleep'$/],
  ])('%s', async (url, message) => {
    const { status, body } = await client.ask('GET', url)
    expect(status).toBe(400)
    expect(body.message).toMatch(message)
  })

  test('two services at once cannot get one name, through whichever listener', async () => {
    const other = client.scene.server()
    const post = (to: typeof other) => to.inject({ method: 'POST', url: '/services/create', payload: SPEC })
    const answers = await Promise.all([post(client.server), post(other), post(client.server), post(other)])
    expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([201, 409, 409, 409])
  })
})
