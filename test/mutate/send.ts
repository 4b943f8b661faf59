import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { checkAnswer } from '../schema/index.js'
import type { MutatedRequest } from './requests.js'

/** What Docker itself answers with 500, though it is the client's fault. */
const DOCKERS_OWN_500 = [
  /update out of sequence/,
  /^unrecognized rollback option /,
  /^invalid (role|membership) filter: /,
  /^Bad parameters: /,
  /you must choose at least one stream/,
  /^(invalid value for|failed to parse) /,
]
/** A connection that is left open by a request which nobody can understand is closed after this. */
const RAW_PATIENCE_MS = 100
const PATIENCE_MS = 20_000

export interface Sent {
  /** 0 when there was none. */
  readonly status: number
  readonly text: string
  /** What is wrong with the answer, if anything. */
  readonly fault?: string
}

/** Sends requests to a manager's socket, over connections that are kept. */
export class Sender {
  readonly #socketPath: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  async send(mutated: MutatedRequest): Promise<Sent> {
    if (mutated.raw) return this.#sendRaw(mutated)
    const answer = await this.#exchange(mutated)
    const fault = faultOf(mutated, answer)
    return { status: answer.status, text: answer.text, ...(fault !== undefined && { fault }) }
  }

  close(): void {
    this.#agent.destroy()
  }

  #exchange(mutated: MutatedRequest): Promise<Answer> {
    const { method, path, headers, body } = mutated
    return new Promise((resolve) => {
      const failed = (error: Error): void =>
        resolve({ status: 0, headers: {}, text: error.message, ended: true })
      let call
      try {
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
        call = request({
          socketPath: this.#socketPath,
          agent: this.#agent,
          method,
          path,
          headers: { ...headers, ...length },
          timeout: PATIENCE_MS,
        })
      } catch (error) {
        // Node's own client refuses what no path and no header may hold.
        return resolve({ status: -1, headers: {}, text: String(error), ended: true })
      }
      call.once('timeout', () => call.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)))
      // As every client does: a connection that the manager closed meanwhile says nothing of this request.
      call.once('error', (error) => (call.reusedSocket ? resolve(this.#exchange(mutated)) : failed(error)))
      call.once('response', (response) => {
        let text = ''
        const status = response.statusCode ?? 0
        const done = (ended: boolean): void => resolve({ status, headers: response.headers, text, ended })
        if (status === 200 && isStream(path)) {
          done(false)
          return call.destroy()
        }
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.once('end', () => done(true)).once('error', failed)
      })
      call.end(body)
    })
  }

  #sendRaw({ body }: MutatedRequest): Promise<Sent> {
    return new Promise((resolve) => {
      const socket = connect(this.#socketPath)
      let text = ''
      const timer = setTimeout(() => socket.destroy(), RAW_PATIENCE_MS)
      socket.setEncoding('latin1').on('data', (part: string) => (text += part))
      socket.on('error', () => undefined)
      socket.once('close', () => {
        clearTimeout(timer)
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)
        const fault = status >= 500 && status !== 501 && status !== 503 ? `status ${status}` : undefined
        resolve({ status, text: text.slice(0, 500), ...(fault !== undefined && { fault }) })
      })
      socket.write(body ?? '')
    })
  }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The body is there as a whole. */
  readonly ended: boolean
}

const isStream = (path: string): boolean => /\/(events|logs)(\?|$)/.test(path)

function faultOf({ method, path, body }: MutatedRequest, answer: Answer): string | undefined {
  const { status, text } = answer
  if (status === -1) return undefined
  // A body that is too large is not read to its end.
  if (status === 0) return Buffer.byteLength(body ?? '') > 4 * 1024 * 1024 ? undefined : `no answer: ${text}`
  if (status === 500) {
    const message = messageOf(text)
    if (!DOCKERS_OWN_500.some((known) => known.test(message))) return `a 500 that is not Docker's: ${message}`
  }
  if (!answer.ended) return undefined
  try {
    checkAnswer(method, path, answer)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message)
  } catch {
    return text
  }
}
