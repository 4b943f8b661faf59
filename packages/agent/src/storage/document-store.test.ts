import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import type { HostDocument } from '@shoal/engine-api'
import { FileDocumentStore } from './document-store.js'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-documents-'))
  path = join(directory, 'agent', 'documents.jsonl')
})
afterEach(() => rm(directory, { recursive: true }))

const open = (): FileDocumentStore => new FileDocumentStore(path, silentLogger)

function peer(id: string, NodeAddress = '10.9.0.1'): HostDocument {
  return {
    kind: 'peer',
    id,
    body: { NetworkID: 'n', Address: id, NodeID: 'n2', NodeAddress, Gateway: false },
  }
}

test('given a host without documents, there are none', async () => {
  expect(await open().load()).toEqual([])
})

test('what was put is there after a restart, what was removed is not', async () => {
  const store = open()
  await store.replaceAll([peer('a'), peer('b'), peer('c')])
  await store.change([peer('b', '10.9.0.2'), peer('d')], [{ kind: 'peer', id: 'a' }])
  const after = open()
  expect(await after.load()).toEqual([peer('b', '10.9.0.2'), peer('c'), peer('d')])
  await after.change([], [{ kind: 'peer', id: 'b' }])
  expect(await open().load()).toEqual([peer('c'), peer('d')])
  await after.replaceAll([peer('e')])
  expect(await open().load()).toEqual([peer('e')])
})

test('changes that nobody waits for are kept in their order', async () => {
  const store = open()
  const writes = Array.from({ length: 20 }, (_, i) => store.change([peer('a', `10.9.0.${i}`)], []))
  await Promise.all(writes)
  expect(await open().load()).toEqual([peer('a', '10.9.0.19')])
})

test('given a write that was cut off, only that document is missing, and later ones are whole', async () => {
  await open().replaceAll([peer('a'), peer('b')])
  await appendFile(path, JSON.stringify(peer('c')).slice(0, 40))
  const store = open()
  expect(await store.load()).toEqual([peer('a'), peer('b')])
  await store.change([peer('d')], [])
  expect(await open().load()).toEqual([peer('a'), peer('b'), peer('d')])
})

test('a file that is mostly superseded is written anew', async () => {
  const store = open()
  await store.replaceAll([peer('a')])
  for (let i = 0; i < 1_500; i += 100) {
    await store.change(
      Array.from({ length: 100 }, (_, j) => peer('a', `10.9.0.${i + j}`)),
      [],
    )
  }
  expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(1_100)
  expect(await open().load()).toEqual([peer('a', '10.9.0.1499')])
})

test('nobody but the owner can read it', async () => {
  await open().replaceAll([peer('a')])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})
