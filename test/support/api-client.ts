import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { Node, Service, Task } from '@shoal/engine-api'
import { checkAnswer } from '../schema/index.js'

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface ApiAnswer<Body = unknown> extends RawAnswer {
  /** The parsed document; the text as it is when it is no JSON. */
  readonly body: Body
  /** What an error says; empty for anything else. */
  readonly message: string
}

/** One request as it is sent. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** How requests get to the API and answers back. */
export interface Transport {
  /** @throws Error when there is no answer at all, as when TLS refuses the certificate */
  send(request: ApiRequest): Promise<RawAnswer>
  close(): void
}

/** The key and certificates of one client, as PEM. */
export interface ClientFiles {
  readonly key: Buffer
  readonly cert: Buffer
  readonly ca: Buffer
}

/** Reads `key.pem`, `cert.pem` and `ca.pem` of a folder. */
export function clientFiles(folder: string): ClientFiles {
  const file = (name: string): Buffer => readFileSync(join(folder, name))
  return { key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') }
}

/**
 * Speaks to the Engine API as it is, without a client library that would mend or hide anything, and holds every
 * answer against Docker's description of the API.
 */
export class ApiClient {
  readonly #transport: Transport

  /**
   * @param to `host:port` of the API; or any way to it
   * @param files for an address; they may be without key and certificate
   */
  constructor(to: string | Transport, files: Partial<ClientFiles> = {}) {
    this.#transport = typeof to === 'string' ? overTls(to, files) : to
  }

  /**
   * One request, whatever its answer. A body that is a string is sent as it is.
   * @throws Error when there is no answer at all, and when the answer is none of Docker's
   */
  async call<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer<Body>> {
    const answer = await this.#transport.send({
      method,
      path,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    checkAnswer(method, path, answer)
    return parsed(answer)
  }

  async #get<Document>(path: string): Promise<Document> {
    const { status, body, message } = await this.call<Document>('GET', path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${message}`)
    return body
  }

  service(name: string): Promise<Service> {
    return this.#get(`/services/${name}`)
  }

  services(): Promise<Service[]> {
    return this.#get('/services')
  }

  nodes(): Promise<Node[]> {
    return this.#get('/nodes')
  }

  /** The tasks of a service, or all of them. */
  tasks(service?: string): Promise<Task[]> {
    const filters = service === undefined ? {} : { service: [service] }
    return this.#get(`/tasks?filters=${encodeURIComponent(JSON.stringify(filters))}`)
  }

  close(): void {
    this.#transport.close()
  }
}

function parsed<Body>(answer: RawAnswer): ApiAnswer<Body> {
  let body: unknown = answer.text
  try {
    body = JSON.parse(answer.text)
  } catch {
    // No JSON: the text is all there is.
  }
  const message = (body as { message?: unknown } | null)?.message
  return { ...answer, body: body as Body, message: typeof message === 'string' ? message : '' }
}

function overTls(address: string, files: Partial<ClientFiles>): Transport {
  const agent = new Agent({ ...files, keepAlive: true })
  return {
    send: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const sent = request(`https://${address}${path}`, { method, headers, agent }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => (text += part))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          )
        })
        sent.on('error', reject)
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}
