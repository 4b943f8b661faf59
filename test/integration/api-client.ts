import type { Service } from '@shoal/engine-api'
import { afterEach, beforeEach } from 'vitest'
import { aClusterWithApi, type ApiScene } from './api-scene.js'

type Server = ReturnType<ApiScene['server']>
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

export interface Answer<Body> {
  readonly status: number
  /** The JSON of the answer; undefined when it is none. */
  readonly body: Body
  readonly headers: Record<string, unknown>
  readonly text: string
}

export interface Refusal {
  readonly message: string
}

export const SPEC = { Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } } }

export const image = (Image: string): object => ({ TaskTemplate: { ContainerSpec: { Image } } })
export const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`

/** A client of the API that gets a fresh cluster for every test of the file. */
export class ApiClient {
  scene!: ApiScene
  server!: Server

  /** To be called once, at the top of a file of tests. */
  static forEachTest(): ApiClient {
    const client = new ApiClient()
    beforeEach(async () => {
      client.scene = await aClusterWithApi()
      client.server = client.scene.server()
    })
    afterEach(() => client.scene.end())
    return client
  }

  /** @param body text is sent as it stands, anything else as JSON */
  async ask<Body = Refusal>(
    method: Method,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const reply = await this.server.inject({
      method,
      url,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = reply.headers['content-type'] === 'application/json' && reply.body !== ''
    const parsed = (isJson ? JSON.parse(reply.body) : undefined) as Body
    return { status: reply.statusCode, body: parsed, headers: reply.headers, text: reply.body }
  }

  /** Creates the service `web`, changed. @returns its ID */
  async create(changes: object = {}, headers: Record<string, string> = {}): Promise<string> {
    const spec = { ...SPEC, ...changes }
    const answer = await this.ask<{ ID: string; Warnings: null }>('POST', '/services/create', spec, headers)
    if (answer.status !== 201) throw new Error(`the service was not created: ${answer.text}`)
    return answer.body.ID
  }

  async inspect(reference: string): Promise<Service> {
    return (await this.ask<Service>('GET', `/services/${reference}`)).body
  }

  /** Sends the service's own spec back, changed. */
  async update(reference: string, changes: object, query = ''): Promise<Answer<Refusal>> {
    const { Spec, Version } = await this.inspect(reference)
    const url = `/services/${reference}/update?version=${Version.Index}${query}`
    return this.ask('POST', url, { ...Spec, ...changes })
  }

  /** Everything that the store holds, to show that a refusal changed nothing. */
  everything(): string {
    const kinds = ['cluster', 'node', 'service', 'spec', 'task'] as const
    return JSON.stringify(kinds.map((kind) => [...this.scene.state.all(kind)]))
  }
}
