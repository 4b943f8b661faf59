import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { type Clock, type ErrorCode, messageOf, ShoalError } from '@shoal/common'
import type { DispatcherClient, EngineRequest__Output } from '@shoal/proto'
import { concernOf } from './allowed.js'
import { olderVersion } from './api-version.js'
import { askEngine, callEngine } from './engine.js'
import { engineEventsPath } from './events-path.js'
import { gathered } from './gather.js'
import { Line } from './line.js'
import { checkOwner, type Owner } from './owner.js'

export interface Carried {
  readonly client: DispatcherClient
  readonly id: string
  readonly socketPath: string
  readonly owner: Owner
  /** What the request is answered with, if the relay is not to be. */
  readonly refusal: ShoalError | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Of the engine's answer, what speaks of its content; the rest is between the agent and the engine. */
const PASSED_ON = new Set(['content-type', 'content-length', 'x-docker-container-path-stat'])

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  'permission-denied': 403,
  unavailable: 503,
}

/**
 * One relay: it asks the manager for the request, makes it, and passes the answer back as it comes. Invariant: when
 * the call to the manager is over, so is the one to the engine, and the other way round.
 */
export async function carry(carried: Carried): Promise<void> {
  const { client, id, signal } = carried
  const line = new Line(client.relay())
  const hangUp = (): void => line.hangUp()
  signal.addEventListener('abort', hangUp, { once: true })
  if (signal.aborted) hangUp()
  try {
    await line.send({ id })
    const request = await line.request()
    if (request) await answer(line, request, carried)
  } catch (error) {
    // Of a call that is over there is nobody to be told.
    if (!line.over.aborted) throw error
  } finally {
    signal.removeEventListener('abort', hangUp)
    hangUp()
  }
}

async function answer(line: Line, request: EngineRequest__Output, carried: Carried): Promise<void> {
  let headSent = false
  try {
    if (carried.refusal) throw carried.refusal
    const { status, headers, body } = await ask(line, request, carried)
    headSent = true
    await line.send({ head: { status, headers } })
    // Who sits at a terminal wants each piece at once.
    const pieces = request.upgrade ? body : gathered(body, carried.clock, line.over)
    for await (const data of pieces as AsyncIterable<Buffer>) await line.send({ data })
  } catch (error) {
    if (line.over.aborted) return
    if (headSent) await line.send({ failure: messageOf(error) })
    else await refuse(line, error)
  }
  await line.finish()
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

/** Makes the request; what the manager goes on sending flows to the engine. @throws ShoalError for what may not be asked */
async function ask(
  line: Line,
  request: EngineRequest__Output,
  { owner, socketPath }: Carried,
): Promise<Answer> {
  const { method, path, upgrade, apiVersion, contentType, registryAuth, body } = request
  const concern = concernOf(method, path, upgrade)
  if (!concern) throw new ShoalError('permission-denied', `an agent does not pass on: ${method} ${path}`)
  const spoken =
    concern.kind === 'registry' || concern.kind === 'events'
      ? (await askEngine(socketPath, '/version', line.over)).apiVersion
      : await checkOwner(concern, owner, socketPath, line.over)
  const target = concern.kind === 'events' ? engineEventsPath(path, owner) : path
  const call = callEngine({
    socketPath,
    method,
    path: `/v${olderVersion(apiVersion, spoken)}${target}`,
    headers: {
      ...(contentType !== '' && { 'content-type': contentType }),
      ...(registryAuth !== '' && concern.kind === 'registry' && { 'x-registry-auth': registryAuth }),
      ...(upgrade && { connection: 'Upgrade', upgrade: 'tcp' }),
    },
    signal: line.over,
  })
  const answered = answerOf(call, line)
  if (upgrade) call.end(body)
  else void pump(line, call)
  return answered
}

function answerOf(call: ClientRequest, line: Line): Promise<Answer> {
  const answered = new Promise<Answer>((resolve, reject) => {
    call.once('response', (response) => resolve({ ...headOf(response), body: response }))
    call.once('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      socket.on('error', () => socket.destroy())
      line.over.addEventListener('abort', () => socket.destroy(), { once: true })
      void pump(line, socket)
      resolve({ ...headOf(response), body: socket })
    })
    call.once('error', reject)
  })
  // What fails after the head is told by the body itself.
  call.on('error', () => undefined)
  return answered
}

function headOf({ statusCode = 500, headers }: IncomingMessage): Omit<Answer, 'body'> {
  const kept = Object.entries(headers).filter(([name]) => PASSED_ON.has(name))
  return { status: statusCode, headers: Object.fromEntries(kept) as Record<string, string> }
}

/** Writes what the manager sends, no faster than it is taken. Whatever fails ends the target; it never rejects. */
async function pump(line: Line, target: Writable): Promise<void> {
  try {
    for (let next = await line.next(); !next.done; next = await line.next()) {
      const { data, end } = next.value
      if (end) target.end()
      else if (data && !target.write(data)) await once(target, 'drain', { signal: line.over })
    }
  } catch {
    target.destroy()
  }
}

async function refuse(line: Line, error: unknown): Promise<void> {
  const status = error instanceof ShoalError ? (HTTP_STATUS[error.code] ?? 500) : 503
  await line.send({ head: { status, headers: { 'content-type': 'application/json' } } })
  await line.send({ data: Buffer.from(`${JSON.stringify({ message: messageOf(error) })}\n`) })
}
