import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import { aTask } from '../executor/testing/tasks.js'
import { assignedStatus } from '../task/status.js'
import { FileAssignmentStore, type AssignmentRecord } from './assignment-store.js'

let directory: string
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'shoal-assignments-')), 'assignments')
})
afterEach(() => rm(join(directory, '..'), { recursive: true }))

const open = (): FileAssignmentStore => new FileAssignmentStore(directory, silentLogger)
const record = (ID: string, State = 'assigned'): AssignmentRecord => ({
  task: aTask({ ID, RegistryAuth: 'secret' }),
  status: { ...assignedStatus(0), State },
  withdrawn: false,
  bootId: 'boot1',
})

test('what was put is there after a restart, what was removed is not', async () => {
  const store = open()
  await store.put([record('a'), record('b'), record('c')])
  await store.put([record('b', 'failed')])
  await store.remove(['a', 'never'])
  expect(await open().load()).toEqual([record('b', 'failed'), record('c')])
})

test('of many writes at the same time the last of each task counts', async () => {
  const store = open()
  const states = ['accepted', 'preparing', 'ready', 'starting', 'running', 'failed']
  await Promise.all(states.flatMap((state) => ['a', 'b'].map((id) => store.put([record(id, state)]))))
  expect(await open().load()).toEqual([record('a', 'failed'), record('b', 'failed')])
  await Promise.all([store.put([record('a', 'shutdown')]), store.remove(['a'])])
  expect((await open().load()).map(({ task }) => task.ID)).toEqual(['b'])
})

test('a write that a crash cut off is cleared away; a broken record costs its task only', async () => {
  await open().put([record('a')])
  await writeFile(join(directory, 'b.json.tmp'), '{"task":')
  await writeFile(join(directory, 'c.json'), '{"task":')
  expect(await open().load()).toEqual([record('a')])
  expect((await readdir(directory)).sort()).toEqual(['a.json', 'c.json'])
})

test('nobody but the owner can read credentials', async () => {
  await open().put([record('a')])
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect((await stat(join(directory, 'a.json'))).mode & 0o777).toBe(0o600)
})

test('a task ID cannot lead out of the directory', () => {
  expect(() => open().put([record('../../etc/passwd')])).toThrow('invalid task ID')
})

test('a disk that refuses is an error for who waits, and the next write is tried again', async () => {
  await writeFile(join(directory, '..', 'file'), '')
  const store = new FileAssignmentStore(join(directory, '..', 'file'), silentLogger)
  await expect(store.put([record('a')])).rejects.toThrow('EEXIST')
  await rm(join(directory, '..', 'file'))
  await store.put([record('a')])
  expect(await store.load()).toHaveLength(1)
})
