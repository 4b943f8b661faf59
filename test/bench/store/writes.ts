import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, silentLogger, systemClock, systemRandom } from '@shoal/common'
import { put, type TaskRecord } from '@shoal/manager/state/records'
import { type LiveState } from '@shoal/manager/state/index'
import { openStore, type StoreConfig } from '@shoal/manager/store/index'
import { startEtcd } from '../../support/etcd.js'
import { type Result, rounded } from '../benchmark.js'
import { commitAll, leadingState } from '../hollow/index.js'
import { newTask, statusOf } from './records.js'

const TASKS = 50_000
const NODES = 10_000

/** 50 000 tasks made, assigned and running, in the embedded store. */
export async function embeddedWrites(): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  try {
    return [await writes('embedded', { kind: 'embedded', directory })]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The same in a real etcd of one member, and how large its database has become. */
export async function etcdWrites(): Promise<Result[]> {
  const etcd = await startEtcd()
  try {
    const result = await writes('etcd', { kind: 'etcd', endpoints: [etcd.endpoint] })
    const size = rounded((await databaseBytes(etcd.endpoint)) / 1024 ** 2, 0)
    return [
      result,
      { name: 'etcd-db-mb', value: size, unit: 'mb', note: `${TASKS} tasks made, assigned and running` },
    ]
  } finally {
    await etcd.stop()
  }
}

async function writes(name: string, config: StoreConfig): Promise<Result> {
  const store = await openStore(config, { clock: systemClock, random: systemRandom, log: silentLogger })
  const state = await leadingState(store, newId(systemRandom))
  const startMs = Date.now()
  const tasks = Array.from({ length: TASKS }, (_, index) => newTask('service', index + 1))
  await commitAll(
    state,
    tasks.map((task) => put('task', task)),
  )
  await rewrite(state, (task, index) => ({
    ...task,
    NodeID: `node-${index % NODES}`,
    Status: statusOf('assigned'),
  }))
  await rewrite(state, (task) => ({ ...task, Status: statusOf('running') }))
  const seconds = (Date.now() - startMs) / 1000
  await store.close()
  const note = `${rounded((3 * TASKS) / seconds, 0)} records a second`
  return { name: `${name}-150000-writes-s`, value: rounded(seconds, 1), unit: 's', note }
}

function rewrite(state: LiveState, change: (task: TaskRecord, index: number) => TaskRecord): Promise<void> {
  return commitAll(
    state,
    [...state.all('task')].map((task, index) => put('task', change(task, index))),
  )
}

async function databaseBytes(endpoint: string): Promise<number> {
  const answer = await fetch(`${endpoint}/v3/maintenance/status`, { method: 'POST', body: '{}' })
  const { dbSize } = (await answer.json()) as { readonly dbSize?: string }
  return Number(dbSize)
}
