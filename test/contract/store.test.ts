import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { EmbeddedStore } from '@shoal/manager/store/embedded'
import { MemoryStore } from '@shoal/manager/store/memory'
import { openStore } from '@shoal/manager/store/open'
import { describe, test } from 'vitest'
import { startEtcd, whyNoEtcd, type TestEtcd } from '../support/etcd.js'
import { describeStore, type Backend } from './store-contract.js'

const deps = { clock: systemClock, random: systemRandom, log: silentLogger }

const memory: Backend = {
  open: async () => new MemoryStore(),
  compact: async (store, revision) => {
    if (store instanceof MemoryStore) store.compact(revision)
  },
  expire: async (store, lease) => {
    if (store instanceof MemoryStore) store.expireLease(lease)
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

function etcd(): Backend {
  let server: TestEtcd
  return {
    start: async () => {
      server = await startEtcd()
    },
    stop: () => server.stop(),
    open: () => openStore({ kind: 'etcd', endpoints: [server.endpoint] }, deps),
    compact: (_store, revision) => server.compact(revision),
    expire: (_store, lease) => server.revokeLease(lease.id),
  }
}

describeStore('memory', memory)
describeStore('embedded', embedded())

const reason = whyNoEtcd()
if (reason === undefined) describeStore('etcd', etcd())
else describe('etcd', () => test.skip(`skipped: ${reason}`, () => undefined))
