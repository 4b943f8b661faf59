import type { Readable } from 'node:stream'
import { jittered, messageOf, sleep, type Clock, type Logger, type Random } from '@shoal/common'
import type Docker from 'dockerode'
import { NODE_ID_LABEL, TASK_ID_LABEL } from './naming.js'
import type { ExecutorEvent } from './port.js'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 2_000
/** `start` is missing on purpose: who starts a container looks at it afterwards anyway. */
const EVENTS = ['die', 'destroy', 'health_status', 'pause', 'unpause']

interface EventsOptions {
  readonly docker: Docker
  readonly nodeId: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Keeps one stream of the engine's events open until `signal` aborts, with growing pauses while the engine is
 * away. Says `resync` each time the stream has opened: what happened before is for an inspection to tell.
 */
export async function followEvents(
  options: EventsOptions,
  listener: (event: ExecutorEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log } = options
  let delayMs = FIRST_DELAY_MS
  while (!signal.aborted) {
    try {
      const stream = await openEvents(options, signal)
      delayMs = FIRST_DELAY_MS
      listener({ kind: 'resync' })
      await readEvents(stream, listener)
      if (!signal.aborted) log.warn('the engine ended the stream of its events')
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: messageOf(error) }, 'the container engine cannot be reached')
    }
    await sleep(clock, jittered(random, delayMs), signal)
    delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
  }
}

/**
 * The engine answers a moment before it listens to its own events, so the stream begins with those of the last
 * two seconds: told twice does no harm.
 */
async function openEvents(options: EventsOptions, signal: AbortSignal): Promise<Readable> {
  const stream = await options.docker.getEvents({
    since: Math.floor(options.clock.now() / 1000) - 2,
    filters: { type: ['container'], event: EVENTS, label: [`${NODE_ID_LABEL}=${options.nodeId}`] },
    abortSignal: signal,
  })
  return stream as Readable
}

/** One JSON document per line; a connection that breaks is thrown. */
async function readEvents(stream: Readable, listener: (event: ExecutorEvent) => void): Promise<void> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const taskId = taskOf(line)
      if (taskId !== undefined) listener({ kind: 'container', taskId })
    }
  }
}

function taskOf(line: string): string | undefined {
  if (line.trim() === '') return undefined
  const event = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } }
  return event.Actor?.Attributes?.[TASK_ID_LABEL]
}
