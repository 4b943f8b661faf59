import type { ServerResponse } from 'node:http'
import { messageOf, ShoalError, sleep, toTimestamp } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import { containerOf, type TaskContainer } from '../containers/find.js'
import { frameHeader, lastWords, STDERR } from '../containers/frames.js'
import { openRelay } from '../containers/open-relay.js'
import { readDocument } from '../containers/answer.js'
import type { ApiOptions } from '../options.js'
import { taskName } from '../answers/task.js'
import { FrameReader, TerminalReader, type LogLine } from './log-reader.js'
import { LineMarks } from './marks.js'
import { Place } from './place.js'
import { engineQuery, type LogQuery } from './query.js'
import { Sink } from './sink.js'

/** How often a lost node is tried again, in milliseconds. */
const RETRY_MS = 1_000
/** Of a stream that is not followed, as many containers are read at the same time. */
const PARALLEL = 32
/** What has ended before its logs are read may have been cleared away. */
const ENDED: ReadonlySet<string> = new Set([
  'complete',
  'failed',
  'shutdown',
  'rejected',
  'remove',
  'orphaned',
])

/** Whose logs. */
export interface LogSubject {
  readonly serviceId: string
  /** Only of this task. */
  readonly taskId?: string
  /** Whether the client expects a terminal's output: no frames. */
  readonly terminal: boolean
}

export interface LogStreamOptions {
  readonly api: ApiOptions
  readonly subject: LogSubject
  readonly query: LogQuery
  /** As the client asked: it names the version. */
  readonly url: string
  readonly response: ServerResponse
}

/** The log of one container on its way. */
interface Reading {
  readonly container: TaskContainer
  readonly marks: LineMarks
  /** Of who follows, and is to go on after a loss. */
  place: Place | undefined
  /** Told, and not yet back. */
  isLost: boolean
}

/**
 * One client's stream of logs, from its head to its end. Invariants: a task is read once; only whole lines are
 * written; whatever happens to one task's logs, those of the others go on; with the client, everything ends.
 */
export class LogStream {
  readonly #options: LogStreamOptions
  readonly #sink: Sink
  readonly #taken = new Set<string>()
  readonly #gone = new AbortController()
  readonly #waiting: TaskContainer[] = []
  #reading = 0
  readonly #subscriptions: (() => void)[] = []

  constructor(options: LogStreamOptions) {
    this.#options = options
    this.#sink = new Sink(options.response)
  }

  /** Begins; it ends by itself. */
  start(): void {
    const { api, query, response } = this.#options
    response.once('close', () => this.#end())
    const { passOn } = api
    if (passOn) this.#subscriptions.push(passOn.onRoleChange(() => passOn.primary || this.#breakOff()))
    if (query.follow) this.#follow()
    for (const task of [...this.#tasks()].sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt))) {
      this.#consider(task)
    }
    this.#endIfDone()
  }

  /** New tasks join; with the service it all ends. */
  #follow(): void {
    const { api, subject } = this.#options
    const stop = api.state.subscribe((changes) => {
      for (const { kind, before, after } of changes) {
        if (kind === 'task' && after) this.#consider(after)
        else if (kind === 'service' && !after && before?.ID === subject.serviceId) this.#endIfDone()
      }
    })
    this.#subscriptions.push(stop)
  }

  #end(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
    this.#gone.abort()
  }

  /** Nothing can be read from here any more. */
  #breakOff(): void {
    const { response, subject } = this.#options
    this.#end()
    response.end(lastWords('this manager is not the primary any more: ask again', subject.terminal))
  }

  *#tasks(): Iterable<TaskRecord> {
    const { api, subject } = this.#options
    if (subject.taskId === undefined) yield* api.state.tasksOfService(subject.serviceId)
    else {
      const task = api.state.get('task', subject.taskId)
      if (task) yield task
    }
  }

  #consider(task: TaskRecord): void {
    const { subject } = this.#options
    if (task.ServiceID !== subject.serviceId || (subject.taskId ?? task.ID) !== task.ID) return
    const container = containerOf(task)
    if (!container || this.#taken.has(task.ID)) return
    this.#taken.add(task.ID)
    this.#waiting.push(container)
    this.#readNext()
  }

  #readNext(): void {
    while (this.#waiting.length > 0 && (this.#options.query.follow || this.#reading < PARALLEL)) {
      const container = this.#waiting.shift()
      if (!container) return
      this.#reading++
      void this.#read(container).finally(() => {
        this.#reading--
        this.#readNext()
        this.#endIfDone()
      })
    }
  }

  /** What is followed goes on as long as there may come more. */
  #endIfDone(): void {
    const { api, query, subject, response } = this.#options
    if (this.#gone.signal.aborted || this.#reading > 0 || this.#waiting.length > 0) return
    if (query.follow && subject.taskId === undefined && api.state.get('service', subject.serviceId)) return
    const task = subject.taskId === undefined ? undefined : api.state.get('task', subject.taskId)
    if (query.follow && task && !this.#taken.has(task.ID) && !ENDED.has(task.Status.State)) return
    response.end()
  }

  /** Who follows goes on when a lost node is back, where it was; each loss is told once. */
  async #read(container: TaskContainer): Promise<void> {
    const { api, query } = this.#options
    const { task, nodeId } = container
    const marks = new LineMarks(query, { nodeId, serviceId: task.ServiceID, taskId: task.ID })
    const reading: Reading = {
      container,
      marks,
      place: query.follow ? new Place() : undefined,
      isLost: false,
    }
    for (;;) {
      try {
        return await this.#pass(reading)
      } catch (error) {
        if (this.#gone.signal.aborted || api.passOn?.primary === false) return
        if (!reading.isLost) await this.#warn(reading, messageOf(error))
        reading.isLost = true
        const isPassing = error instanceof ShoalError && error.code === 'unavailable'
        if (!reading.place || !isPassing || !(await this.#untilBack(container))) return
      }
    }
  }

  async #warn({ container: { task }, marks }: Reading, reason: string): Promise<void> {
    const { api } = this.#options
    const warning = `warning: incomplete log stream of task ${taskName(api.state, task)} (${task.ID}): ${reason}`
    // RFC 3339 of the engines has nanoseconds.
    const time = toTimestamp(api.clock.now()).replace(/(\.\d{3})?Z$/, (_all, ms = '.000') => `${ms}000000Z`)
    await this.#write([{ stream: STDERR, payload: marks.line(time, warning) }])
  }

  /** @returns false when there is nothing more to wait for */
  async #untilBack({ task, nodeId }: TaskContainer): Promise<boolean> {
    const { api } = this.#options
    for (;;) {
      await sleep(api.clock, RETRY_MS, this.#gone.signal)
      if (this.#gone.signal.aborted || api.passOn?.primary === false) return false
      if (api.state.get('node', nodeId)?.Status.State === 'ready') return true
      if (ENDED.has(api.state.get('task', task.ID)?.Status.State ?? 'remove')) return false
    }
  }

  async #pass(reading: Reading): Promise<void> {
    const { api, query, subject, url } = this.#options
    const { task, nodeId, containerId } = reading.container
    // A terminal's lines are not told apart from each other well enough to go on after a loss.
    const terminal = api.state.specOf(task)?.TaskTemplate?.ContainerSpec?.TTY ?? false
    if (terminal) reading.place = undefined
    const [, version = ''] = /^(\/v[0-9.]+)\//.exec(url) ?? []
    const path = `/containers/${containerId}/logs`
    const target = { nodeId, path, operation: 'GET logs' }
    const asked = engineQuery(reading.place ? { ...query, ...placeOf(reading.place) } : query)
    const request = { method: 'GET', url: `${version}${path}?${asked}`, contentType: undefined }
    reading.place?.resume()
    const { answer, stream } = openRelay(api, target, request)
    const stop = (): void => void stream.destroy()
    this.#gone.signal.addEventListener('abort', stop, { once: true })
    try {
      stream.end()
      const { status } = await answer
      if (status === 404 && ENDED.has(api.state.get('task', task.ID)?.Status.State ?? 'remove')) return
      if (status !== 200) throw new ShoalError('unavailable', await reasonOf(stream))
      reading.isLost = false
      const reader = terminal ? new TerminalReader() : new FrameReader()
      const asItComes = !query.details && !reading.place && terminal === subject.terminal
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (asItComes) await this.#sink.write(reader.whole(chunk))
        else await this.#tell(reader.lines(chunk), reading)
      }
      await this.#tell(reader.rest(), reading)
    } finally {
      this.#gone.signal.removeEventListener('abort', stop)
      stream.destroy()
    }
  }

  #tell(lines: readonly LogLine[], { place, marks }: Reading): Promise<void> {
    const { details, timestamps } = this.#options.query
    const wanted = details ? marks : undefined
    if (!place) return this.#write(lines, wanted)
    const news = lines.flatMap(({ stream, payload }) => {
      const line = place.take(payload)
      return line ? [{ stream, payload: timestamps ? payload : line }] : []
    })
    return this.#write(news, wanted)
  }

  /** There may be very many: everything is copied once. */
  #write(lines: readonly LogLine[], marks?: LineMarks): Promise<void> {
    const pieces: Buffer[] = []
    for (const { stream, payload } of lines) {
      const parts = marks ? marks.mark(payload) : [payload]
      if (!this.#options.subject.terminal) pieces.push(frameHeader(stream, lengthOf(parts)))
      pieces.push(...parts)
    }
    return this.#sink.write(Buffer.concat(pieces))
  }
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** What an engine is asked so that lines have a place, and only those from there on. */
function placeOf({ since }: Place): Partial<LogQuery> {
  return { timestamps: true, ...(since !== undefined && { since, tail: 'all' }) }
}

/** @returns the engine's or the agent's own words */
async function reasonOf(stream: Parameters<typeof readDocument>[0]): Promise<string> {
  const { message } = await readDocument(stream)
  return typeof message === 'string' ? message : 'the engine refuses'
}
