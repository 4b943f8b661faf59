import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { ShoalError } from '@shoal/common'

/** Of what the agent itself asks; far above any description of a container. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024

export interface EngineCall {
  readonly socketPath: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A request whose body is still to be written. */
export function callEngine({ socketPath, method, path, headers = {}, signal }: EngineCall): ClientRequest {
  return httpRequest({
    socketPath,
    method,
    path,
    headers: { host: 'docker', ...headers },
    agent: false,
    signal,
  })
}

export interface JsonAnswer {
  readonly status: number
  readonly body: unknown
  /** The newest version that the engine speaks. */
  readonly apiVersion: string
}

/**
 * Asks the engine something small.
 * @throws ShoalError `unavailable` when it cannot be reached, `internal` when its answer is none
 */
export async function askEngine(socketPath: string, path: string, signal: AbortSignal): Promise<JsonAnswer> {
  const call = callEngine({ socketPath, method: 'GET', path, signal })
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve)
    call.once('error', (error) => {
      reject(new ShoalError('unavailable', `the Docker Engine cannot be reached: ${error.message}`, error))
    })
    call.end()
  })
  const { statusCode: status = 500, headers } = answer
  return { status, body: await readJson(answer), apiVersion: String(headers['api-version'] ?? '') }
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LARGEST_ANSWER_BYTES)
      throw new ShoalError('internal', 'the answer of the Docker Engine is too long')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new ShoalError('internal', 'the Docker Engine answered what is no JSON', error)
  }
}
