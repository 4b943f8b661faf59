import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { Store } from '@shoal/manager/store/contract'
import { openStore, type StoreConfig } from '@shoal/manager/store/open'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startEtcd, whyNoEtcd } from '../support/etcd.js'

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url))
const ROUNDS = 6
const PREFIX = '/durability/'

const deps = { clock: systemClock, random: systemRandom, log: silentLogger }
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Starts a writer. `acknowledged` is the number of the last transaction that it saw acknowledged. */
function startWriter(config: StoreConfig) {
  const child = spawn(process.execPath, [WRITER, JSON.stringify(config), PREFIX], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const closed = once(child, 'close')
  return {
    closed,
    acknowledged: (): number => Number(output.trimEnd().split('\n').at(-1) ?? 0),
    errors: () => errors,
    kill: async (): Promise<void> => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

type Writer = ReturnType<typeof startWriter>

async function untilAcknowledged(writer: Writer, atLeast: number): Promise<void> {
  let ended = false
  void writer.closed.then(() => (ended = true))
  while (writer.acknowledged() < atLeast) {
    if (ended) throw new Error(`the writer ended early (is the workspace built?): ${writer.errors()}`)
    await delay(5)
  }
}

/** Everything up to `acknowledged` is there, and no transaction is there by halves. */
async function check(store: Store, acknowledged: number): Promise<number> {
  const { entries } = await store.snapshot(PREFIX)
  const values = new Map(entries.map(({ key, value }) => [key.slice(PREFIX.length), value]))
  const latest = Number(values.get('latest'))
  expect(latest).toBeGreaterThanOrEqual(acknowledged)
  const expected = Array.from({ length: latest }, (_, i) => String(i + 1))
  for (const half of ['a/', 'b/']) {
    const found = [...values.keys()]
      .filter((key) => key.startsWith(half))
      .map((key) => key.slice(half.length))
    expect(found.sort((a, b) => Number(a) - Number(b))).toEqual(expected)
  }
  return latest
}

describe('what the embedded store has acknowledged survives kill -9', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'shoal-durability-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  test(`${ROUNDS} times in a row, at random moments`, async () => {
    const config = { kind: 'embedded', directory } as const
    let latest = 0
    for (let round = 0; round < ROUNDS; round++) {
      const writer = startWriter(config)
      await untilAcknowledged(writer, latest + 1)
      await delay(Math.random() * 300)
      await writer.kill()
      const store = await openStore(config, deps)
      const present = await check(store, writer.acknowledged())
      expect(present).toBeGreaterThan(latest)
      latest = present
      await store.close()
    }
  })

  test('its revisions go on from where they stood, and what hung on a lease is gone', async () => {
    const config = { kind: 'embedded', directory } as const
    const writer = startWriter(config)
    await untilAcknowledged(writer, 5)
    await writer.kill()

    const store = await openStore(config, deps)
    const { entries, revision } = await store.snapshot(PREFIX)
    expect(entries.find(({ key }) => key === `${PREFIX}alive`)).toBeUndefined()
    expect(Math.max(...entries.map((entry) => entry.revision))).toBeLessThan(revision)
    const next = await store.commit({
      compares: [],
      operations: [{ type: 'put', key: `${PREFIX}x`, value: '' }],
    })
    expect(next).toEqual({ committed: true, revision: revision + 1 })
    await store.close()
  })

  test('a write that fails is refused clearly; when the folder can be written again, the store goes on with all it had', async () => {
    const folder = join(directory, 'store')
    const store = await openStore({ kind: 'embedded', directory: folder }, deps)
    const put = (key: string, value = '') =>
      store.commit({ compares: [], operations: [{ type: 'put', key: `${PREFIX}${key}`, value }] })
    const lease = await store.grantLease(1_000)
    await store.commit({
      compares: [],
      operations: [{ type: 'put', key: `${PREFIX}leader`, value: '', lease }],
    })
    // LevelDB begins another file after some megabytes: in a folder that is not there, it cannot.
    await rename(folder, `${folder}-away`)
    let acknowledged = 0
    const writing = async (): Promise<never> => {
      for (;;) {
        await put(`big${acknowledged}`, 'x'.repeat(500_000))
        acknowledged++
      }
    }
    const refusal = {
      code: 'unavailable',
      message: expect.stringContaining('the embedded store cannot write'),
    }
    await expect(writing()).rejects.toMatchObject(refusal)
    await expect(put('meanwhile')).rejects.toMatchObject(refusal)

    await rm(folder, { recursive: true, force: true })
    await rename(`${folder}-away`, folder)
    await expect(put('after')).resolves.toMatchObject({ committed: true })
    const keys = (await store.snapshot(PREFIX)).entries.map(({ key }) => key.slice(PREFIX.length))
    expect(keys).toEqual(
      expect.arrayContaining([
        'after',
        'leader',
        ...Array.from({ length: acknowledged }, (_, i) => `big${i}`),
      ]),
    )
    expect(keys).not.toContain('meanwhile')
    expect(acknowledged).toBeGreaterThan(0)
    expect(lease.lost.aborted).toBe(false)
    await lease.revoke()
    expect((await store.snapshot(`${PREFIX}leader`)).entries).toEqual([])
    await store.close()
  })

  test('a second process is refused while the first has it open, and let in afterwards', async () => {
    const config = { kind: 'embedded', directory } as const
    const writer = startWriter(config)
    await untilAcknowledged(writer, 1)
    await expect(openStore(config, deps)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `the store in ${directory} is in use: another manager runs on it`,
    })
    await writer.kill()
    const store = await openStore(config, deps)
    await store.close()
  })
})

const reason = whyNoEtcd()
describe.skipIf(reason !== undefined)(
  `what etcd has acknowledged survives kill -9${reason ? `: ${reason}` : ''}`,
  () => {
    test('of etcd itself, several times in a row', async () => {
      const etcd = await startEtcd()
      const config = { kind: 'etcd', endpoints: [etcd.endpoint] } as const
      try {
        let latest = 0
        for (let round = 0; round < ROUNDS / 2; round++) {
          const writer = startWriter(config)
          await untilAcknowledged(writer, latest + 1)
          await delay(Math.random() * 300)
          await etcd.kill()
          // It ends with the error of the write that had no answer.
          await writer.closed
          expect(writer.errors()).toContain('etcd cannot be reached')
          await etcd.restart()
          const store = await openStore(config, deps)
          const present = await check(store, writer.acknowledged())
          expect(present).toBeGreaterThan(latest)
          latest = present
          await store.close()
        }
      } finally {
        await etcd.stop()
      }
    })

    test('of the one who writes', async () => {
      const etcd = await startEtcd()
      const config = { kind: 'etcd', endpoints: [etcd.endpoint] } as const
      try {
        const writer = startWriter(config)
        await untilAcknowledged(writer, 20)
        await writer.kill()
        const store = await openStore(config, deps)
        expect(await check(store, writer.acknowledged())).toBeGreaterThanOrEqual(20)
        await store.close()
      } finally {
        await etcd.stop()
      }
    })
  },
)
