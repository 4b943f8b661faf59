import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { Lease } from '@shoal/manager/store/contract'
import { EmbeddedStore } from '@shoal/manager/store/embedded'
import { MemoryStore } from '@shoal/manager/store/memory'
import { SEAL_KEY_BYTES, SealedStore } from '@shoal/manager/store/sealed'
import { openStore } from '@shoal/manager/store/open'
import { describe, expect, test } from 'vitest'
import { startEtcd, whyNoEtcd, type TestEtcd } from '../support/etcd.js'
import { makeEtcdCertificates } from '../support/etcd-certificates.js'
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

interface EtcdBackend extends Backend {
  server(): TestEtcd
  expire(lease: Lease): Promise<void>
}

function etcd(options: { readonly tls?: boolean } = {}): EtcdBackend {
  let server: TestEtcd
  return {
    start: async () => {
      server = await startEtcd(options)
    },
    stop: () => server.stop(),
    open: () => openStore({ kind: 'etcd', endpoints: [server.endpoint], ...server.client }, deps),
    compact: (_store, revision) => server.compact(revision),
    server: () => server,
    expire: (lease) => server.revokeLease(lease.id),
  }
}

describe('the store in memory', () => {
  const stage = describeStore('memory', memory)
  describeExpiry(stage, async (store, lease) => {
    if (store instanceof MemoryStore) store.expireLease(lease)
  })
})

/** Everything is sealed, over a store in memory. */
function sealed(): Backend {
  let beneath = new MemoryStore()
  const key = Buffer.alloc(SEAL_KEY_BYTES, 1)
  return {
    open: async () => {
      beneath = new MemoryStore()
      return new SealedStore(beneath, { key, isConfidential: () => true, random: systemRandom })
    },
    compact: async (_store, revision) => beneath.compact(revision),
  }
}

describe('a store that seals', () => {
  describeStore('sealed', sealed())
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

describe.skipIf(reason !== undefined)(`the store in etcd by mutual TLS${reason ? `: ${reason}` : ''}`, () => {
  const backend = etcd({ tls: true })
  const stage = describeStore('etcd-tls', backend)
  describeExpiry(stage, (_store, lease) => backend.expire(lease))

  test('given no client certificate, or none of the authority, then etcd is not reached', async () => {
    const { client, endpoint } = backend.server()
    const folder = await mkdtemp(join(tmpdir(), 'shoal-etcd-'))
    const stranger = makeEtcdCertificates(folder).client
    await rm(folder, { recursive: true })
    for (const shown of [{ ca: client?.ca ?? '' }, { ...stranger, ca: client?.ca ?? '' }, stranger]) {
      const store = await openStore({ kind: 'etcd', endpoints: [endpoint], ...shown }, deps)
      await expect(store.snapshot('/')).rejects.toMatchObject({ code: 'unavailable' })
      await store.close()
    }
  })
})
