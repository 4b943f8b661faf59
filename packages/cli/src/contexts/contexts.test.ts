import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager } from '../testing/index.js'
import { chooseContext, chosenEndpoint, configFolder, ContextStore } from './index.js'

describe('which context is meant', () => {
  test.each([
    ['none', {}, {}, undefined, 'default'],
    ['the one in use', {}, {}, 'prod', 'prod'],
    ['SHOAL_CONTEXT before it', {}, { SHOAL_CONTEXT: 'lab' }, 'prod', 'lab'],
    ['DOCKER_HOST before that', {}, { DOCKER_HOST: 'tcp://h', SHOAL_CONTEXT: 'lab' }, 'prod', 'default'],
    ['SHOAL_SOCKET too', {}, { SHOAL_SOCKET: '/s', SHOAL_CONTEXT: 'lab' }, 'prod', 'default'],
    ['--host before all of these', { host: 'h' }, { SHOAL_CONTEXT: 'lab' }, 'prod', 'default'],
    ['--context before everything', { context: 'x' }, { DOCKER_HOST: 'tcp://h' }, 'prod', 'x'],
  ])('%s', (_what, globals, environment, current, expected) => {
    expect(chooseContext(globals, environment, current)).toBe(expected)
  })

  test('both flags are too much', () => {
    expect(() => chooseContext({ host: 'h', context: 'c' }, {}, undefined)).toThrow(
      'conflicting options: cannot specify both --host and --context',
    )
  })

  test('they are kept where the user keeps configurations', () => {
    expect(configFolder({ XDG_CONFIG_HOME: '/x' })).toBe('/x/shoal')
    expect(configFolder({ HOME: '/home/ann' })).toBe('/home/ann/.config/shoal')
  })
})

let folder: string
let manager: FakeManager
/** No address in the environment: contexts decide. */
const NOWHERE = { SHOAL_SOCKET: '' }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ctl-contexts-'))
  const environment = { ...NOWHERE, XDG_CONFIG_HOME: folder }
  manager = await fakeManager({ 'GET /services': () => ({ body: [] }) }, new VirtualClock(), environment)
})
afterEach(async () => {
  await manager.close()
  rmSync(folder, { recursive: true })
})

describe('a context', () => {
  test('is made, used, shown and removed', async () => {
    const { ctl, requests, socket } = manager
    const created = await ctl(
      'context',
      'create',
      'prod',
      '--docker',
      `host=unix://${socket}`,
      '--description',
      'ours',
    )
    expect(created).toEqual({ code: 0, out: 'prod\n', err: 'Successfully created context "prod"\n' })
    expect((await ctl('context', 'show')).out).toBe('default\n')
    expect((await ctl('-c', 'prod', 'service', 'ls')).code).toBe(0)
    expect((await ctl('context', 'use', 'prod')).err).toBe('Current context is now "prod"\n')
    expect((await ctl('service', 'ls')).code).toBe(0)
    expect(requests.map(({ path }) => path)).toEqual(['/services', '/services'])
    expect((await ctl('context', 'ls', '--format', '{{.Name}} {{.Current}} {{.DockerEndpoint}}')).out).toBe(
      `default false unix:///run/shoal/manager.sock\nprod true unix://${socket}\n`,
    )
    const [described] = JSON.parse((await ctl('context', 'inspect')).out) as object[]
    expect(described).toMatchObject({
      Name: 'prod',
      Metadata: { Description: 'ours' },
      Endpoints: { docker: { Host: `unix://${socket}` } },
    })
    expect((await ctl('context', 'rm', 'prod')).err).toBe(
      'context "prod" is in use, set -f flag to force remove\n',
    )
    expect((await ctl('context', 'rm', '-f', 'prod')).out).toBe('prod\n')
    expect((await ctl('context', 'show')).out).toBe('default\n')
  })

  test('keeps copies of the certificates, which nobody else can read and nothing shows', async () => {
    const { ctl } = manager
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `PEM of ${name}`)
    const files = ['ca', 'cert', 'key'].map((name) => `${name}=${join(folder, name)}`).join(',')
    await ctl('context', 'create', 'far', '--docker', `host=tcp://192.0.2.1:3376,${files}`)
    const store = new ContextStore(join(folder, 'shoal'))
    expect(statSync(store.pathOf('far')).mode & 0o777).toBe(0o600)
    expect(chosenEndpoint({ context: 'far' }, {}, store)).toEqual({
      kind: 'tcp',
      host: '192.0.2.1',
      port: 3376,
      tls: { ca: 'PEM of ca', cert: 'PEM of cert', key: 'PEM of key' },
      shown: 'tcp://192.0.2.1:3376',
    })
    expect((await ctl('context', 'inspect', 'far')).out).not.toContain('PEM of')
    await ctl('context', 'create', 'near', '--from', 'far')
    expect(store.get('near').tls).toEqual(store.get('far').tls)
  })

  test.each([
    [['create', 'default', '--docker', 'host=h'], '"default" is a reserved context name'],
    [['create', '../x', '--docker', 'host=h'], 'context name "../x" is invalid'],
    [['create', 'x1'], 'docker endpoint configuration is required'],
    [['create', 'x1', '--docker', 'ca=/x'], 'the endpoint has to name a host'],
    [['create', 'x1', '--docker', 'host=gopher://x'], 'unable to parse docker host'],
    [['create', 'x1', '--docker', 'host=h,colour=red'], 'unrecognized config key: colour'],
    [['create', 'x1', '--docker', 'host=h,cert=/nowhere'], 'unable to read /nowhere'],
    [['create', 'x1', '--docker', 'host=h,skip-tls-verify=true'], 'not implemented: skip-tls-verify'],
    [['use', 'nobody'], 'context "nobody" not found'],
    [['rm', 'nobody'], 'context "nobody" not found'],
    [['rm', 'default'], 'cannot be removed'],
  ])('%j is refused', async (words, message) => {
    const { code, err } = await manager.ctl('context', ...words)
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect((await manager.ctl('context', 'ls', '-q')).out).toBe('default\n')
  })

  test('that is not there is not silently another one', async () => {
    const { code, err } = await manager.ctl('--context', 'gone', 'service', 'ls')
    expect({ code, err }).toEqual({ code: 1, err: 'context "gone" not found\n' })
  })
})
