import { VirtualClock } from '@shoal/common/virtual-clock'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { listInTurns, writeLongListsInTurns } from './large-answers.js'

describe('long lists', () => {
  test.each([0, 1, 255, 256, 257, 512, 1000])(
    'a list of %i items is written as it would be in one go',
    async (length) => {
      const items = Array.from({ length }, (_, ID) => ({ ID, Name: 'mañana', Empty: undefined }))
      expect(String(await listInTurns(new VirtualClock(), items))).toBe(`${JSON.stringify(items)}\n`)
    },
  )

  test.each([3, 1000])('a route that returns %i items answers with them', async (length) => {
    const app = fastify()
    writeLongListsInTurns(app, new VirtualClock())
    const items = Array.from({ length }, (_, ID) => ({ ID, Name: 'mañana' }))
    app.get('/list', () => items)
    const { headers, body } = await app.inject('/list')
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)))
    expect(JSON.parse(body)).toEqual(items)
  })
})
