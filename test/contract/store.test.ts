import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { Lease } from '@shoal/manager/store/contract'
import { EmbeddedStore } from '@shoal/manager/store/embedded'
import { MemoryStore } from '@shoal/manager/store/memory'
import { openStore } from '@shoal/manager/store/open'
import { describe } from 'vitest'
import { startEtcd, whyNoEtcd, type TestEtcd } from '../support/etcd.js'
import { describeExpiry } from './lease-contract.js'
import { describeStore } from './store-contract.js'
import type { Backend } from './tools.js'

const deps = { clock: systemClock, random: systemRandom, log: silentLogger }

const memory: Backend = {
  open: async () => new MemoryStore(),
  compact: async (store, revision) => {
    if (store instanceof MemoryStore) store.compact(revision)
  },
}

function embedded(): Backend {
  let directory = ''
  return {
    start: async () => {
      directory = await mkdtemp(join(tmpdir(), 'shoal-store-'))
    },
    stop: () => rm(directory, { recursive: true, force: true }),
    open: () => openStore({ kind: 'embedded', directory: join(directory, 'store') }, deps),
    compact: async (store, revision) => {
      if (store instanceof EmbeddedStore) store.compact(revision)
    },
  }
}

function etcd(): Backend & { expire(lease: Lease): Promise<void> } {
  let server: TestEtcd
  return {
    start: async () => {
      server = await startEtcd()
    },
    stop: () => server.stop(),
    open: () => openStore({ kind: 'etcd', endpoints: [server.endpoint] }, deps),
    compact: (_store, revision) => server.compact(revision),
    expire: (lease) => server.revokeLease(lease.id),
  }
}

describe('the store in memory', () => {
  const stage = describeStore('memory', memory)
  describeExpiry(stage, async (store, lease) => {
    if (store instanceof MemoryStore) store.expireLease(lease)
  })
})

describe('the embedded store', () => {
  describeStore('embedded', embedded())
})

const reason = whyNoEtcd()
describe.skipIf(reason !== undefined)(`the store in etcd${reason ? `: ${reason}` : ''}`, () => {
  const backend = etcd()
  const stage = describeStore('etcd', backend)
  describeExpiry(stage, (_store, lease) => backend.expire(lease))
})
