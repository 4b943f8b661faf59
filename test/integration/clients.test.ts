import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { systemClock } from '@shoal/common'
import type { Node, Service, Swarm, Task } from '@shoal/engine-api'
import Docker from 'dockerode'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../support/index.js'
import { pythonClient, whyNoPythonClient } from '../support/python-client.js'
import { letTasksRun } from './api-scene.js'
import { createContainersScene, type ContainersScene } from './containers-scene.js'
import { SceneClient } from './scene-client.js'

const whyNoPython = whyNoPythonClient()
const cluster = SceneClient.forEachTest()

describe('a service lives', () => {
  let socketPath: string

  beforeEach(async () => {
    const ending = new AbortController()
    const folder = await mkdtemp(join(tmpdir(), 'shoal-clients-'))
    socketPath = join(folder, 'api.sock')
    letTasksRun(cluster.scene.options, systemClock, ending.signal)
    await cluster.server.listen({ path: socketPath })
    return async () => {
      ending.abort()
      await rm(folder, { recursive: true })
    }
  })

  test('by dockerode, with its secret and config: created, scaled, updated, removed', async () => {
    const docker = new Docker({ socketPath })
    const Data = Buffer.from('x').toString('base64')
    const secret = await docker.createSecret({ Name: 'key', Data } as never)
    const config = await docker.createConfig({ Name: 'settings', Data } as never)
    const spec = {
      Name: 'web',
      TaskTemplate: { ContainerSpec: { Image: 'shoal-busybox:1' } },
      Mode: { Replicated: { Replicas: 2 } },
    }
    const { id } = await docker.createService(spec)
    const running = (replicas: number, image: string): Promise<void> =>
      eventually(async () => {
        const tasks = (await docker.listTasks({ filters: { service: ['web'] } })) as Task[]
        const good = tasks.filter(
          ({ Status, DesiredState, Spec }) =>
            Status.State === 'running' && DesiredState === 'running' && Spec.ContainerSpec?.Image === image,
        )
        expect(good).toHaveLength(replicas)
      })
    await running(2, 'shoal-busybox:1')
    expect((await docker.listServices()).map((service) => service.ID)).toEqual([id])
    const service = docker.getService('web')
    const update = async (changes: object): Promise<void> => {
      const { Spec, Version } = (await service.inspect()) as Service
      await service.update({ version: Version.Index, ...Spec, ...changes } as never)
    }
    await update({ Mode: { Replicated: { Replicas: 3 } } })
    await running(3, 'shoal-busybox:1')
    await update({
      TaskTemplate: { ContainerSpec: { Image: 'shoal-busybox:2' } },
      UpdateConfig: { Parallelism: 0 },
    })
    await running(3, 'shoal-busybox:2')

    const [worker] = (await docker.listNodes({ filters: { role: ['worker'] } as never })) as unknown as Node[]
    if (!worker) throw new Error('no worker')
    const drained = { version: worker.Version.Index, ...worker.Spec, Availability: 'drain' }
    await (docker.getNode(worker.ID).update(drained as never) as unknown as Promise<unknown>)
    expect(((await docker.getNode(worker.ID).inspect()) as Node).Spec.Availability).toBe('drain')
    expect(((await docker.swarmInspect()) as Swarm).Spec.Name).toBe('default')

    await service.remove()
    expect(await docker.listServices()).toEqual([])
    await secret.remove()
    await config.remove()
    expect(await Promise.all([docker.listSecrets(), docker.listConfigs()])).toEqual([[], []])
    await expect(service.inspect()).rejects.toMatchObject({ statusCode: 404 })
  })

  test.skipIf(whyNoPython)('by the Docker SDK for Python', async () => {
    expect(await pythonClient(socketPath, 'story')).toEqual({
      listed: ['snake'],
      replicas: 3,
      ports: 18080,
      state: expect.stringMatching(/^(updating|completed)$/) as string,
      nodes: ['manager', 'worker'],
      availability: 'drain',
      swarm: 'default',
      gone: 'service snake not found',
    })
  })
})

describe('the logs of a service are read', () => {
  let scene: ContainersScene
  beforeAll(async () => {
    scene = await createContainersScene()
    const container = await scene.runTask('talker', 'echo one; echo two >&2; sleep 300')
    const logs = new Docker().getContainer(container)
    await eventually(async () => {
      const text = await logs.logs({ stdout: true, stderr: true })
      if (!/one[^]*two|two[^]*one/.test(text.toString())) throw new Error('the container has not spoken yet')
    })
  })
  afterAll(() => scene.end())

  test('by dockerode', async () => {
    const docker = new Docker({ socketPath: scene.socketPath })
    const options = { stdout: true, stderr: true, follow: true } as const
    // Its types know this method only with a callback.
    const asked = docker.getService('web').logs(options as never) as unknown as Promise<Readable>
    const stream = await asked
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await eventually(() => {
      expect(text).toContain('one\n')
      expect(text).toContain('two\n')
    })
    const ended = once(stream, 'close')
    stream.destroy()
    await ended
  })

  test.skipIf(whyNoPython)('by the Docker SDK for Python', async () => {
    const lines = (await pythonClient(scene.socketPath, 'logs')) as string[]
    expect(lines.join('')).toContain('one\n')
    expect(lines.join('')).toContain('two\n')
  })
})
