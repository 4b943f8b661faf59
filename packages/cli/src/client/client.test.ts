import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findEndpoint, ManagerClient, registryAuthFor, registryOf } from './index.js'

interface Seen {
  method: string | undefined
  url: string | undefined
  type: string | undefined
  body: string
}

describe('a client on a socket', () => {
  let folder: string
  let server: Server
  let seen: Seen[]
  let answer: { status: number; body: string }
  let client: ManagerClient

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ctl-client-'))
    seen = []
    answer = { status: 200, body: '[]' }
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push({ method: request.method, url: request.url, type: request.headers['content-type'], body })
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body)
      })
    })
    const path = join(folder, 'manager.sock')
    await new Promise<void>((resolve) => {
      server.listen(path, resolve)
    })
    client = ManagerClient.at(findEndpoint(undefined, { SHOAL_SOCKET: path }))
  })
  afterEach(async () => {
    await new Promise((resolve) => {
      server.close(resolve)
    })
    rmSync(folder, { recursive: true })
  })

  test('lists with filters in the form that the API takes', async () => {
    expect(await client.services({ name: ['web', 'db'] }, true)).toEqual([])
    const filters = encodeURIComponent('{"name":{"web":true,"db":true}}')
    expect(seen[0]?.url).toBe(`/services?filters=${filters}&status=true`)
  })

  test('updates with the version that it read', async () => {
    answer.body = '{"Warnings":null}'
    const service = { ID: 'abc', Version: { Index: 7 }, CreatedAt: '', UpdatedAt: '', Spec: {}, Endpoint: {} }
    await client.updateService(service, { Name: 'web' })
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/services/abc/update?version=7&registryAuthFrom=spec',
        type: 'application/json',
        body: '{"Name":"web"}',
      },
    ])
  })

  test("a refusal carries the manager's words and its kind", async () => {
    answer = { status: 404, body: '{"message":"service x not found"}\n' }
    await expect(client.service('x')).rejects.toMatchObject({
      code: 'not-found',
      status: 404,
      message: 'Error response from daemon: service x not found',
    })
  })

  test('an answer without a body is no error', async () => {
    answer.body = ''
    await expect(client.removeService('x')).resolves.toBeUndefined()
  })
})

test('a manager that is not there is named, with what to do about it', async () => {
  const client = ManagerClient.at(findEndpoint(undefined, { SHOAL_SOCKET: '/nonexistent/manager.sock' }))
  await expect(client.info()).rejects.toMatchObject({
    code: 'unavailable',
    message:
      'Cannot connect to the Shoal manager at unix:///nonexistent/manager.sock. Is it running? (npm start, or ctl swarm init)',
  })
})

describe('where the manager is', () => {
  test.each([
    ['the local socket by default', undefined, {}, { kind: 'socket', path: '/run/shoal/manager.sock' }],
    ['a socket of its own', undefined, { SHOAL_SOCKET: '/x.sock' }, { kind: 'socket', path: '/x.sock' }],
    [
      'DOCKER_HOST before SHOAL_SOCKET',
      undefined,
      { DOCKER_HOST: 'unix:///d.sock', SHOAL_SOCKET: '/x.sock' },
      { kind: 'socket', path: '/d.sock' },
    ],
    [
      'the flag before all',
      'tcp://10.0.0.1:2000',
      { DOCKER_HOST: 'unix:///d.sock' },
      { kind: 'tcp', host: '10.0.0.1', port: 2000, tls: undefined },
    ],
    ['the port of the API by default', 'tcp://[::1]', {}, { kind: 'tcp', host: '::1', port: 3376 }],
  ])('%s', (_name, flag, environment, expected) => {
    expect(findEndpoint(flag, environment)).toMatchObject(expected)
  })

  test('certificates are read from DOCKER_CERT_PATH, and a missing one is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctl-certs-'))
    const environment = { DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder }
    expect(() => findEndpoint(undefined, environment)).toThrow(`unable to read ${join(folder, 'ca.pem')}`)
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, `${name}.pem`), name)
    expect(findEndpoint(undefined, environment)).toMatchObject({
      tls: { ca: 'ca', cert: 'cert', key: 'key' },
    })
    rmSync(folder, { recursive: true })
  })

  test('nonsense is refused', () => {
    expect(() => findEndpoint('gopher://x', {})).toThrow('unable to parse docker host `gopher://x`')
  })
})

describe('credentials of registries', () => {
  test.each([
    ['nginx', 'https://index.docker.io/v1/'],
    ['library/nginx:1', 'https://index.docker.io/v1/'],
    ['registry.example.com/team/app:2', 'registry.example.com'],
    ['localhost:5000/app', 'localhost:5000'],
  ])('%s comes from %s', (image, registry) => {
    expect(registryOf(image)).toBe(registry)
  })

  test('are found where docker login leaves them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctl-auth-'))
    const auth = Buffer.from('ann:se:cret').toString('base64')
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'r.example.com': { auth } } }))
    const header = registryAuthFor('r.example.com/app', { DOCKER_CONFIG: folder })
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      username: 'ann',
      password: 'se:cret',
      serveraddress: 'r.example.com',
    })
    rmSync(folder, { recursive: true })
  })
})
