import { PassThrough } from 'node:stream'
import { silentLogger, ShoalError } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import type { EngineRequest, NodeEngines } from '../../relay/index.js'
import { put } from '../../state/index.js'
import { aNode, createTestState } from '../../state/testing/index.js'
import { answerOf } from '../errors.js'
import type { ApiOptions } from '../options.js'
import { distributionRoutes } from './distribution.js'

type EngineAnswer = readonly [status: number, document: object] | ShoalError

/** A server whose own node is `n2`, and nodes whose engines answer as told. */
async function aServer(answers: Readonly<Record<string, EngineAnswer>>) {
  const clock = new VirtualClock()
  const state = await createTestState(clock)
  await state.commit(Object.keys(answers).map((id) => put('node', aNode(id))))
  const asked: (EngineRequest & { nodeId: string })[] = []
  const engines: NodeEngines = {
    open(nodeId, request) {
      const answer = answers[nodeId]
      if (answer === undefined || answer instanceof ShoalError) throw answer ?? new Error('nobody')
      asked.push({ nodeId, ...request })
      const stream = new PassThrough()
      stream.end = () => stream
      stream.push(JSON.stringify(answer[1]))
      stream.push(null)
      return { answer: Promise.resolve({ status: answer[0], headers: {} }), stream }
    },
  }
  const app = fastify()
  const options: Pick<ApiOptions, 'state' | 'engines' | 'clock'> = { state, engines, clock }
  const facts = { nodeId: 'n2' } as ApiOptions['facts']
  distributionRoutes(
    app,
    { ...options, facts } as ApiOptions,
    () => new ShoalError('not-found', 'page not found'),
  )
  app.setErrorHandler((error, _request, reply) => {
    const { status, message } = answerOf(error, silentLogger)
    return reply.code(status).send({ message })
  })
  const get = async (path: string) => {
    const { statusCode, body } = await app.inject({ url: path, headers: { 'x-registry-auth': 'secret' } })
    return { status: statusCode, body: JSON.parse(body) as unknown }
  }
  return { get, asked }
}

const PINNED = { Descriptor: { digest: 'sha256:abc' } }

test("the manager's own engine asks the registry, with the client's credentials", async () => {
  const { get, asked } = await aServer({ n1: [200, {}], n2: [200, PINNED] })
  expect(await get('/distribution/localhost:5000/team/app:1/json')).toEqual({ status: 200, body: PINNED })
  const request = {
    nodeId: 'n2',
    path: '/distribution/localhost:5000/team/app:1/json',
    registryAuth: 'secret',
  }
  expect(asked).toMatchObject([request])
})

test('another engine asks when that one is away, or its node is', async () => {
  const away = await aServer({
    n1: [200, PINNED],
    n2: [503, { message: 'the Docker Engine cannot be reached' }],
  })
  expect(await away.get('/distribution/app/json')).toEqual({ status: 200, body: PINNED })
  const lost = await aServer({ n1: [200, PINNED], n2: new ShoalError('unavailable', 'not connected') })
  expect(await lost.get('/distribution/app/json')).toEqual({ status: 200, body: PINNED })
})

test.each([
  [
    'the last reason, when none can',
    { n2: [503, { message: 'gone' }] },
    '/distribution/app/json',
    503,
    'gone',
  ],
  ["the registry's own refusal", { n2: [401, { message: 'no' }] }, '/distribution/app/json', 401, 'no'],
  ['a name that is none', { n2: [200, {}] }, '/distribution/App/json', 400, 'must be lowercase'],
  ['a path that is none', { n2: [200, {}] }, '/distribution/app', 404, 'page not found'],
] as const)('%s is told', async (_what, answers, path, status, message) => {
  const { get } = await aServer(answers)
  expect(await get(path)).toMatchObject({
    status,
    body: { message: expect.stringContaining(message) as string },
  })
})
