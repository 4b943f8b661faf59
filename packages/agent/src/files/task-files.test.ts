import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ShoalError, silentLogger } from '@shoal/common'
import type { AssignedTask, ContainerSpec, HostDocument, StoredValue } from '@shoal/engine-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expandTemplate } from '../executor/index.js'
import { aTask } from '../executor/testing/tasks.js'
import { apart, StoredValues, TaskFiles } from './index.js'

const NODE = { nodeId: 'n', clusterId: 'c', hostname: 'host-1', architecture: 'x86_64', os: 'linux' }
const never = new AbortController().signal

let directory: string
let values: StoredValues
let files: TaskFiles
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-files-'))
  values = new StoredValues()
  files = new TaskFiles({
    directory,
    ensureMemoryOnly: async () => {},
    values,
    expand: (text, what, task, lookup) => expandTemplate(text, what, task, NODE, lookup),
    log: silentLogger,
  })
})
afterEach(() => rm(directory, { recursive: true }))

function value(kind: 'secret' | 'config', id: string, text: string, Templating = false): HostDocument {
  const body: StoredValue = { ID: id, Name: id, Data: Buffer.from(text).toString('base64'), Templating }
  return { kind, id, body }
}

const taskWith = (spec: Partial<ContainerSpec>): AssignedTask => aTask({}, spec)

const secret = (id: string, file: object = { Name: id }) => ({ SecretID: id, SecretName: id, File: file })
const config = (id: string, file: object = { Name: id }) => ({ ConfigID: id, ConfigName: id, File: file })

describe('given a task without secrets and configs', () => {
  test('nothing is laid out for it', async () => {
    expect(await files.prepare(taskWith({}), never)).toEqual([])
    expect(await readdir(directory)).toEqual([])
  })
})

describe('given a task with secrets and configs', () => {
  test('they are files at their targets, with their owner and mode', async () => {
    values.replaceAll([value('secret', 'key', 's3cret'), value('config', 'site', 'port 80')])
    const Secrets = [secret('key', { Name: 'db', UID: '1000', GID: '2000', Mode: 0o400 })]
    const mounts = await files.prepare(taskWith({ Secrets, Configs: [config('site')] }), never)
    expect(mounts.map(({ target }) => target)).toEqual(['/run/secrets/db', '/site'])
    const [first, second] = mounts.map(({ source }) => source)
    expect(await readFile(first ?? '', 'utf8')).toBe('s3cret')
    expect(await readFile(second ?? '', 'utf8')).toBe('port 80')
    const { uid, gid, mode } = await stat(first ?? '')
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 1000, gid: 2000, mode: 0o400 })
  })

  test('an absolute target is taken as it is', async () => {
    values.replaceAll([value('secret', 'key', 'x'), value('config', 'site', 'y')])
    const mounts = await files.prepare(
      taskWith({
        Secrets: [secret('key', { Name: '/etc/key' })],
        Configs: [config('site', { Name: '/etc/site' })],
      }),
      never,
    )
    expect(mounts.map(({ target }) => target)).toEqual(['/etc/key', '/etc/site'])
  })

  test('it waits until all have come', async () => {
    values.change([value('secret', 'a', '1')], [])
    const task = taskWith({ Secrets: [secret('a'), secret('b')] })
    let ready = false
    const prepared = files.prepare(task, never).then(() => (ready = true))
    await Promise.resolve()
    expect(ready).toBe(false)
    values.change([value('secret', 'b', '2')], [])
    await prepared
    expect(ready).toBe(true)
  })

  test('when it is no longer wanted, then the wait ends', async () => {
    const ending = new AbortController()
    const prepared = files.prepare(taskWith({ Secrets: [secret('none')] }), ending.signal)
    ending.abort(new ShoalError('unavailable', 'the task is to be shut down'))
    await expect(prepared).rejects.toThrow('the task is to be shut down')
  })

  test('an owner that is no number is refused', async () => {
    const task = taskWith({ Secrets: [secret('a', { Name: 'a', UID: 'root' })] })
    await expect(files.prepare(task, never)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('given a templated config', () => {
  const text = '{{.Node.Hostname}} {{env "MODE"}} {{secret "key"}} {{config "other"}}'
  const spec = { Env: ['MODE=a', 'MODE=b'], Secrets: [secret('key')], Configs: [config('site')] }

  test('it is filled in for the task', async () => {
    values.replaceAll([
      value('secret', 'key', 's3cret'),
      value('config', 'site', text, true),
      value('config', 'other', '{{.Raw}}'),
    ])
    const Configs = [...spec.Configs, config('other')]
    const mounts = await files.prepare(taskWith({ ...spec, Configs }), never)
    expect(await readFile(mounts[1]?.source ?? '', 'utf8')).toBe('host-1 b s3cret {{.Raw}}')
  })

  test('what the task does not get cannot be asked for', async () => {
    values.replaceAll([value('secret', 'key', 's'), value('config', 'site', text, true)])
    await expect(files.prepare(taskWith(spec), never)).rejects.toThrow('config "other"')
  })
})

describe('when containers go', () => {
  test('then their files go with them, listed in between or not', async () => {
    values.replaceAll([value('secret', 'a', '1')])
    await files.prepare({ ...taskWith({ Secrets: [secret('a')] }), ID: 'short' }, never)
    await files.release('short')
    expect(await readdir(directory)).toEqual([])
    await files.retain(new Set())
  })

  test('then their files go, but not those of a task that is being prepared', async () => {
    values.replaceAll([value('secret', 'a', '1')])
    const task = taskWith({ Secrets: [secret('a')] })
    await files.prepare({ ...task, ID: 'runs' }, never)
    await files.prepare({ ...task, ID: 'prepared' }, never)
    await files.retain(new Set(['runs']))
    expect((await readdir(directory)).toSorted()).toEqual(['prepared', 'runs'])
    await files.retain(new Set(['prepared']))
    expect(await readdir(directory)).toEqual(['prepared'])
    await files.retain(new Set())
    expect(await readdir(directory)).toEqual([])
  })
})

describe('documents on their way', () => {
  test('secrets and configs never reach what keeps documents on disk', () => {
    const kept: unknown[] = []
    const handler = apart(values, {
      replaceAll: (documents) => void kept.push(documents),
      change: (put, removed) => void kept.push([put, removed]),
    })
    const endpoints: HostDocument = {
      kind: 'endpoints',
      id: 's',
      body: { ServiceID: 's', ServiceName: 's', Mode: 'vip', Networks: [], Ports: [], Endpoints: [] },
    }
    void handler.replaceAll([value('secret', 'a', '1'), endpoints])
    void handler.change([value('config', 'b', '2')], [{ kind: 'secret', id: 'a' }])
    expect(kept).toEqual([[endpoints]])
    expect(values.get({ kind: 'secret', id: 'a' })).toBeUndefined()
    expect(values.get({ kind: 'config', id: 'b' })).toBeDefined()
  })
})
