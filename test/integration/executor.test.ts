import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import {
  connectDocker,
  DEFAULT_DOCKER,
  engineInfo,
  taskName,
  type Executor,
  type NetworkEngine,
} from '@shoal/agent/executor/index'
import { describeExecutor } from '@shoal/agent/executor/testing/executor-contract'
import { aTask, NODE } from '@shoal/agent/executor/testing/tasks'
import { ensureTmpfs, StoredValues, TaskFiles } from '@shoal/agent/files/index'
import { eventually } from '../support/eventually.js'
import { makeBusyboxImage, removeImage, uniqueName } from './executor-fixture.js'

const image = `${uniqueName('executor')}:1`

beforeAll(() => makeBusyboxImage(image))
afterAll(() => removeImage(image))

async function openDocker(): Promise<{
  executor: Executor & NetworkEngine
  node: typeof NODE
  image: string
  cleanUp(): Promise<void>
}> {
  const node = { ...NODE, nodeId: uniqueName('node') }
  const common = { clock: systemClock, random: systemRandom, log: silentLogger }
  const executor = await connectDocker({ ...DEFAULT_DOCKER, ...common, node })
  const cleanUp = async (): Promise<void> => {
    for (const container of await executor.list()) await executor.remove(container.id)
    for (const network of await executor.listNetworks()) await executor.removeNetwork(network.name)
  }
  return { executor, node, image, cleanUp }
}

describeExecutor('Docker', openDocker)

test('a container gets what its spec says, down to health, limits and privileges', async () => {
  const docker = await openDocker()
  const { executor, node } = docker
  const task = aTask({
    NodeID: node.nodeId,
    Spec: {
      Resources: { Limits: { NanoCPUs: 500_000_000, MemoryBytes: 67_108_864, Pids: 50 } },
      LogDriver: { Name: 'json-file', Options: { 'max-size': '1m' } },
      ContainerSpec: {
        Image: image,
        Command: ['sh', '-c'],
        Args: [
          '[ "$HOSTNAME" = web-1 ] && [ "$WHO" = alpha ] && [ "$(cat /proc/1/oom_score_adj)" = 100 ] && sleep 1000',
        ],
        Hostname: '{{.Service.Name}}-{{.Task.Slot}}',
        Env: ['WHO={{.Node.Hostname}}'],
        Hosts: ['10.1.2.3 db database'],
        OomScoreAdj: 100,
        ReadOnly: true,
        StopGracePeriod: 0,
        Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 128 }],
        Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
        CapabilityDrop: ['CAP_CHOWN'],
        Privileges: { NoNewPrivileges: true },
        Mounts: [{ Type: 'tmpfs', Target: '/scratch', TmpfsOptions: { SizeBytes: 1_048_576 } }],
        Healthcheck: { Test: ['CMD-SHELL', 'echo fine > /scratch/health'], Interval: 200_000_000 },
      },
    },
  })
  await executor.prepare(task, new AbortController().signal)
  const healthy = new Promise<void>((resolve, reject) => {
    const abort = new AbortController()
    executor.watch(() => {
      void executor.inspect(taskName(task)).then((state) => {
        if (state?.phase === 'ended') reject(new Error(`it ended with ${state.exitCode}`))
        if (state?.health === 'healthy') resolve()
      }, reject)
    }, abort.signal)
  })
  await executor.start(taskName(task))
  await expect(healthy).resolves.toBeUndefined()
  await docker.cleanUp()
})

test('an engine that is not there is unavailable, not an answer', async () => {
  await expect(engineInfo('/run/no-such-engine.sock')).rejects.toMatchObject({ code: 'unavailable' })
})

test('the engine describes its host', async () => {
  const info = await engineInfo(DEFAULT_DOCKER.socketPath)
  expect(info.os).toBe('linux')
  expect(info.cpus).toBeGreaterThan(0)
  expect(info.plugins).toContainEqual({ Type: 'Volume', Name: 'local' })
})

test('secrets and configs are files in memory, in a container whose root is read-only, and go with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-files-'))
  const values = new StoredValues()
  const Data = Buffer.from('s3cret').toString('base64')
  const body = { ID: 'k', Name: 'k', Data, Templating: false }
  values.replaceAll([
    { kind: 'secret', id: 'k', body },
    { kind: 'config', id: 'k', body },
  ])
  const common = { clock: systemClock, random: systemRandom, log: silentLogger }
  const files = new TaskFiles({
    ...common,
    directory,
    values,
    ensureMemoryOnly: ensureTmpfs,
    expand: (text) => text,
  })
  const node = { ...NODE, nodeId: uniqueName('node') }
  const executor = await connectDocker({ ...DEFAULT_DOCKER, ...common, node, files })
  const File = { Name: 'key', UID: '7', GID: '8', Mode: 0o440 }
  const task = aTask(
    { NodeID: node.nodeId },
    {
      Image: image,
      ReadOnly: true,
      Args: [
        '[ "$(cat /run/secrets/key)" = s3cret ] && [ "$(cat /etc/site)" = s3cret ] && ! echo x >/etc/site && exit 7',
      ],
      Secrets: [{ SecretID: 'k', SecretName: 'k', File }],
      Configs: [{ ConfigID: 'k', ConfigName: 'k', File: { Name: '/etc/site' } }],
    },
  )
  try {
    await executor.prepare(task, new AbortController().signal)
    const source = join(directory, task.ID, '0')
    const { uid, gid, mode } = statSync(source)
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 7, gid: 8, mode: 0o440 })
    expect(statfsSync(source).type).toBe(0x01021994)
    await executor.start(taskName(task))
    await eventually(async () =>
      expect(await executor.inspect(taskName(task))).toMatchObject({ phase: 'ended', exitCode: 7 }),
    )
    await executor.remove(taskName(task))
    expect(await executor.list()).toEqual([])
    expect(existsSync(source)).toBe(false)
  } finally {
    await executor.remove(taskName(task))
    execFileSync('umount', [directory])
    rmSync(directory, { recursive: true })
  }
})
