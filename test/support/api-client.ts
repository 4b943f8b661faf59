import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { Node, Service, Task } from '@shoal/engine-api'

export interface ApiAnswer {
  readonly status: number
  /** The parsed document; the text as it is when it is no JSON. */
  readonly body: unknown
  /** What an error says; empty for anything else. */
  readonly message: string
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

/** Speaks to the Engine API as it is, without a client library that would mend or hide anything. */
export class ApiClient {
  readonly #address: string
  readonly #agent: Agent

  /** @param address `host:port` of the API; `files` may be without key and certificate */
  constructor(address: string, files: Partial<ClientFiles>) {
    this.#address = address
    this.#agent = new Agent({ ...files, keepAlive: true })
  }

  /**
   * One request, whatever its answer. A body that is a string is sent as it is.
   * @throws Error when there is no answer at all, as when TLS refuses the certificate
   */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' }
      const url = `https://${this.#address}${path}`
      const sent = request(url, { method, headers, agent: this.#agent }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.on('error', reject)
        response.on('end', () => resolve(answerFrom(response.statusCode ?? 0, text)))
      })
      sent.on('error', reject)
      sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
    })
  }

  async #get<Document>(path: string): Promise<Document> {
    const { status, body, message } = await this.call('GET', path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${message}`)
    return body as Document
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
    this.#agent.destroy()
  }
}

function answerFrom(status: number, text: string): ApiAnswer {
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // No JSON: the text is all there is.
  }
  const message = (body as { message?: unknown } | null)?.message
  return { status, body, message: typeof message === 'string' ? message : '' }
}
