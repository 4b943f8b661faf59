import { createServer, type Server } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, silentLogger, systemClock } from '@shoal/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectDocker, DEFAULT_DOCKER } from './docker-executor.js'
import type { Executor } from './port.js'
import { aTask, NODE } from './testing/tasks.js'

const NAME = 'web.1.task1'

/** An engine of which only the answers count: a real one does not get into this state at will. */
describe('an engine that was killed in the midst of a start', () => {
  let folder: string
  let engine: Server
  let executor: Executor
  let calls: string[]
  /** How often the engine refuses to start a container, and with what words. */
  let refusals: string[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
    calls = []
    engine = createServer((request, response) => {
      const url = (request.url ?? '').split('?')[0] ?? ''
      calls.push(`${request.method} ${url}`)
      const refusal = url.endsWith('/start') ? refusals.shift() : undefined
      const created = url === '/containers/create'
      request.resume()
      response.writeHead(refusal === undefined ? (created ? 201 : 204) : 500, {
        'content-type': 'application/json',
      })
      if (refusal !== undefined) response.end(JSON.stringify({ message: refusal }))
      else response.end(created ? JSON.stringify({ Id: 'f'.repeat(64) }) : undefined)
    })
    const socketPath = join(folder, 'engine.sock')
    await new Promise<void>((resolve) => {
      engine.listen(socketPath, resolve)
    })
    const random = seededRandom(1)
    const parts = { ...DEFAULT_DOCKER, clock: systemClock, log: silentLogger }
    executor = await connectDocker({ ...parts, socketPath, node: NODE, random })
    await executor.prepare(aTask(), new AbortController().signal)
    calls.length = 0
  })
  afterEach(() => {
    engine.closeAllConnections()
    engine.close()
    rmSync(folder, { recursive: true })
  })

  test('gets another container for the task, since that one can never be started', async () => {
    refusals = [`task ${'f'.repeat(64)}: already exists`]
    await executor.start(NAME)
    expect(calls).toEqual([
      `POST /containers/${NAME}/start`,
      `DELETE /containers/${NAME}`,
      'POST /containers/create',
      `POST /containers/${NAME}/start`,
    ])
  })

  test('is believed when it refuses the second one, too', async () => {
    refusals = ['id already in use', 'id already in use']
    await expect(executor.start(NAME)).rejects.toThrow('id already in use')
  })

  test('is believed at once when it refuses a start for another reason', async () => {
    refusals = ['OCI runtime create failed']
    await expect(executor.start(NAME)).rejects.toThrow('OCI runtime create failed')
    expect(calls).toEqual([`POST /containers/${NAME}/start`])
  })
})
