import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { makeBusyboxImage, removeImage, uniqueName } from './executor-fixture.js'

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
