import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectDocker, DEFAULT_DOCKER, type Executor } from '@shoal/agent/executor/index'
import { aTask, NODE } from '@shoal/agent/executor/testing/tasks'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  startRegistry,
  whyNoRegistry,
  type Registry,
} from '../support/registry.js'
import { type ContainersScene, createContainersScene } from './containers-scene.js'
import { makeBusyboxImage, removeImage, uniqueName } from './executor-fixture.js'

const CTL = fileURLToPath(new URL('../../bin/ctl', import.meta.url))
const reason = whyNoRegistry()
const node = { ...NODE, nodeId: uniqueName('node') }

/** The value of X-Registry-Auth, as the docker CLI sends it. */
function registryAuth(address: string, password: string): string {
  const config = { username: REGISTRY_USER, password, serveraddress: address }
  return Buffer.from(JSON.stringify(config)).toString('base64url')
}

describe.skipIf(reason !== undefined)(`images of a registry that asks for a password ${reason ?? ''}`, () => {
  let registry: Registry
  let executor: Executor
  let image: string

  beforeAll(async () => {
    registry = await startRegistry()
    image = `${registry.address}/team/${uniqueName('private')}:1`
    push(image, registry.address)
    executor = await connectDocker({
      ...DEFAULT_DOCKER,
      node,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    })
  })

  afterAll(async () => {
    for (const container of await executor.list()) await executor.remove(container.id)
    removeImage(image)
    await registry.stop()
  })

  const task = (auth?: string): AssignedTask =>
    aTask({
      NodeID: node.nodeId,
      Spec: { ContainerSpec: { Image: image, Command: ['sleep', '1000'] } },
      ...(auth !== undefined && { RegistryAuth: auth }),
    })

  test('are not there for tasks without credentials, or with wrong ones', async () => {
    const { signal } = new AbortController()
    await expect(executor.prepare(task(), signal)).rejects.toThrow(`No such image: ${image}`)
    const wrong = registryAuth(registry.address, 'not this one')
    await expect(executor.prepare(task(wrong), signal)).rejects.toThrow(`No such image: ${image}`)
  })

  test('are pulled with the credentials that came with the service', async () => {
    // When two tasks of one service ask at the same time
    const auth = registryAuth(registry.address, REGISTRY_PASSWORD)
    const prepare = (id: string) => executor.prepare({ ...task(auth), ID: id }, new AbortController().signal)
    const states = await Promise.all([prepare('one'), prepare('two')])

    // Then both have a container of the pulled image, which runs
    expect(states.map((state) => state.phase)).toEqual(['created', 'created'])
    await executor.start(states[0]!.id)
    expect((await executor.inspect(states[0]!.id))?.phase).toBe('running')
  })
})

describe.skipIf(reason !== undefined)(`what a registry says of an image ${reason ?? ''}`, () => {
  let registry: Registry
  let scene: ContainersScene
  let image: string
  let config: string

  beforeAll(async () => {
    registry = await startRegistry()
    image = `${registry.address}/team/${uniqueName('pinned')}:1`
    push(image, registry.address)
    scene = await createContainersScene()
    config = mkdtempSync(join(tmpdir(), 'shoal-docker-config-'))
    const login = ['login', '--username', REGISTRY_USER, '--password-stdin', registry.address]
    execFileSync('docker', ['--config', config, ...login], { input: REGISTRY_PASSWORD, stdio: 'pipe' })
  })

  afterAll(async () => {
    await scene.end()
    await registry.stop()
    rmSync(config, { recursive: true, force: true })
  })

  test('pins the services of the docker CLI and of ctl, through the engine of a node', async () => {
    // When services are created by the password of docker login, then they name the digest that was pushed
    const flags = `--with-registry-auth --detach --constraint node.labels.no==where`
    const tools = { docker: `docker --config ${config}`, ctl: `DOCKER_CONFIG=${config} ${CTL}` }
    const pinned: string[] = []
    for (const [name, tool] of Object.entries(tools)) {
      const service = uniqueName(name)
      const created = await scene.shell(`${tool} service create --name ${service} ${flags} ${image}`)
      expect(created).toMatchObject({ code: 0, stderr: '' })
      pinned.push(scene.state.serviceNamed(service)?.Spec.TaskTemplate?.ContainerSpec?.Image ?? '')
    }
    expect(pinned[0]).toMatch(new RegExp(`^${image}@sha256:[0-9a-f]{64}$`))
    expect(pinned[1]).toBe(pinned[0])
  })

  test.each([
    ['the right password', REGISTRY_PASSWORD, 0],
    ['a wrong one', 'not this one', 1],
  ])('lets docker login by a node’s engine: %s', async (_which, password, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-docker-login-'))
    const login = `docker --config ${folder} login --username ${REGISTRY_USER} --password-stdin ${registry.address}`
    expect((await scene.shell(`echo '${password}' | ${login}`)).code).toBe(code)
    rmSync(folder, { recursive: true })
  })

  test.each([
    ['without a password', () => image, /no basic auth credentials/],
    ['of an image that is not there', () => `${registry.address}/team/none:1`, /no basic auth credentials/],
    ['of a registry that is not there', () => 'localhost:1/team/none:1', /connection refused/],
  ])('%s: a warning in Docker’s words, and the service is there', async (what, name, words) => {
    const service = uniqueName(what.replaceAll(' ', '-'))
    const flags = `--detach --constraint node.labels.no==where`
    const created = await scene.shell(`docker service create --name ${service} ${flags} ${name()}`)
    expect(created.code).toBe(0)
    expect(created.stderr).toContain(`image ${name()} could not be accessed on a registry`)
    const answer = await scene.api.inject({ method: 'GET', url: `/distribution/${name()}/json` })
    expect(answer.body).toMatch(words)
    expect(scene.state.serviceNamed(service)?.Spec.TaskTemplate?.ContainerSpec?.Image).toBe(name())
  })
})

/** Puts an image into the registry and removes it from the engine. */
function push(image: string, address: string): void {
  makeBusyboxImage(image)
  const config = mkdtempSync(join(tmpdir(), 'shoal-docker-config-'))
  const docker = (args: string[], input?: string): void => {
    execFileSync('docker', ['--config', config, ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
      ...(input && { input }),
    })
  }
  try {
    docker(['login', '--username', REGISTRY_USER, '--password-stdin', address], REGISTRY_PASSWORD)
    docker(['push', image])
  } finally {
    rmSync(config, { recursive: true, force: true })
    removeImage(image)
  }
}
