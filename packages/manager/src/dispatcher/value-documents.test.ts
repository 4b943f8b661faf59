import { toTimestamp, type TaskState } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { beforeEach, expect, test } from 'vitest'
import type { LiveState } from '../state/open.js'
import { put, remove, type TaskRecord } from '../state/records.js'
import { aNode, aService, aSpec, aTask, createTestState } from '../state/testing/index.js'
import { ValueDocuments } from './value-documents.js'

const AT = toTimestamp(Date.UTC(2026, 0, 1))
const META = { Version: { Index: 0 }, CreatedAt: AT, UpdatedAt: AT }

let state: LiveState
let values: ValueDocuments
let told: string[]

function placed(id: string, NodeID: string, State: TaskState): TaskRecord {
  return aTask(id, { NodeID, Status: { Timestamp: AT, State, Message: '' } })
}

/** The service `web` gives the secret `key` and the config `site` to its tasks; nobody gives `other`. */
beforeEach(async () => {
  state = await createTestState(new VirtualClock())
  const Secrets = [{ SecretID: 's-key', SecretName: 'key', File: { Name: 'key' } }]
  const Configs = [{ ConfigID: 'c-site', ConfigName: 'site', File: { Name: 'site' } }]
  await state.commit([
    put('node', aNode('n1')),
    put('node', aNode('n2')),
    put('secret', { ...META, ID: 's-key', Spec: { Name: 'key', Data: 'YQ==' } }),
    put('secret', { ...META, ID: 's-other', Spec: { Name: 'other', Data: 'Yg==' } }),
    put('config', {
      ...META,
      ID: 'c-site',
      Spec: { Name: 'site', Data: 'Yw==', Templating: { Name: 'golang' } },
    }),
    put('service', aService('web')),
    put('spec', { ...aSpec('web', 1), TaskTemplate: { ContainerSpec: { Image: 'web', Secrets, Configs } } }),
  ])
  values = new ValueDocuments(state)
  told = []
  state.subscribe((changes) => values.follow(changes, (nodeId, key) => void told.push(`${nodeId} ${key}`)))
})

test('a node has what its tasks refer to, and no other node has it', async () => {
  await state.commit([put('task', placed('t1', 'n1', 'assigned'))])
  expect([...values.keysFor('n1')]).toEqual(['secret/s-key', 'config/c-site'])
  expect([...values.keysFor('n2')]).toEqual([])
  expect(JSON.parse(values.textFor('n1', 'secret/s-key') ?? '')).toEqual({
    ID: 's-key',
    Name: 'key',
    Data: 'YQ==',
    Templating: false,
  })
  expect(JSON.parse(values.textFor('n1', 'config/c-site') ?? '')).toMatchObject({ Templating: true })
  expect(values.textFor('n1', 'secret/s-other')).toBeUndefined()
  expect(values.textFor('n2', 'secret/s-key')).toBeUndefined()
})

test('a node hears of them when the first task comes, and that it must forget them when the last has ended', async () => {
  await state.commit([
    put('task', placed('t1', 'n1', 'assigned')),
    put('task', placed('t2', 'n1', 'running')),
  ])
  expect(new Set(told)).toEqual(new Set(['n1 secret/s-key', 'n1 config/c-site']))
  const end = async (id: string): Promise<void> => {
    const task = state.get('task', id)
    if (task) await state.commit([put('task', { ...task, Status: { ...task.Status, State: 'failed' } })])
  }
  await end('t1')
  expect(values.textFor('n1', 'secret/s-key')).toBeDefined()
  told.length = 0
  await end('t2')
  expect(new Set(told)).toEqual(new Set(['n1 secret/s-key', 'n1 config/c-site']))
  expect(values.textFor('n1', 'secret/s-key')).toBeUndefined()
})

test('a step of a task that changes nothing is told to nobody', async () => {
  await state.commit([put('task', placed('t1', 'n1', 'assigned'))])
  told.length = 0
  const task = state.get('task', 't1')
  if (task) await state.commit([put('task', { ...task, Status: { ...task.Status, State: 'running' } })])
  expect(told).toEqual([])
})

test('a task that is removed is told to its node', async () => {
  await state.commit([put('task', placed('t1', 'n1', 'running'))])
  told.length = 0
  const task = state.get('task', 't1')
  if (task) await state.commit([remove('task', task)])
  expect(told).toEqual(['n1 secret/s-key', 'n1 config/c-site'])
  expect([...values.keysFor('n1')]).toEqual([])
})
