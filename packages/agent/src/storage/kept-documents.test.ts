import { expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import type { HostDocument } from '@shoal/engine-api'
import type { DocumentStore } from './document-store.js'
import { KeptDocuments } from './kept-documents.js'

const peer = (id: string): HostDocument => ({
  kind: 'peer',
  id,
  body: { NetworkID: 'n', Address: id, NodeID: 'n2', NodeAddress: '10.9.0.1', Gateway: false },
})

function scene(stored: readonly HostDocument[] = []) {
  const heard: string[] = []
  const store: DocumentStore = {
    load: () => Promise.resolve([...stored]),
    replaceAll: () => Promise.reject(new Error('disk full')),
    change: () => Promise.reject(new Error('disk full')),
  }
  let refuses = false
  const say = (what: string): void => {
    if (refuses) throw new Error('no such device')
    heard.push(what)
  }
  const handler = {
    replaceAll: (all: readonly HostDocument[]) => say(`all ${all.map(({ id }) => id).join(' ')}`),
    change: (put: readonly HostDocument[]) => say(`put ${put.map(({ id }) => id).join(' ')}`),
  }
  const documents = new KeptDocuments(store, handler, silentLogger)
  const refuse = (): void => {
    refuses = true
  }
  return { documents, heard, refuse }
}

test('what is on disk is in force before a manager is asked', async () => {
  const { documents, heard } = scene([peer('a')])
  await documents.takeUp()
  await documents.change([peer('b')], [])
  expect(heard).toEqual(['all a', 'put b'])
})

test('a disk that holds nothing takes nothing down', async () => {
  const { documents, heard } = scene()
  await documents.takeUp()
  await documents.replaceAll([])
  expect(heard).toEqual(['all '])
})

test('a disk that refuses does not keep documents from being put in force', async () => {
  const { documents, heard } = scene()
  await documents.replaceAll([peer('a')])
  expect(heard).toEqual(['all a'])
})

test('whoever waits for documents that cannot be put in force hears of it', async () => {
  const { documents, refuse } = scene()
  refuse()
  await expect(documents.change([peer('a')], [])).rejects.toThrow('no such device')
})

test('a node that leaves takes its network down, and takes no more documents', async () => {
  const { documents, heard } = scene()
  await documents.replaceAll([peer('a')])
  await documents.giveUp()
  await documents.change([peer('b')], [])
  expect(heard).toEqual(['all a', 'all '])
})
