import type { Service } from '@shoal/engine-api'
import { afterEach, beforeEach } from 'vitest'
import { type ApiAnswer, ApiClient, type RawAnswer, type Transport } from '../support/api-client.js'
import { aClusterWithApi, type ApiScene } from './api-scene.js'

type Server = ReturnType<ApiScene['server']>
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

export interface Refusal {
  readonly message: string
}

export const SPEC = { Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'busybox:1' } } }

export const image = (Image: string): object => ({ TaskTemplate: { ContainerSpec: { Image } } })
export const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`

/** The tests' client of the API, with a fresh cluster for every test of the file. */
export class SceneClient {
  scene!: ApiScene
  server!: Server

  /** To be called once, at the top of a file of tests. */
  static forEachTest(): SceneClient {
    const client = new SceneClient()
    beforeEach(async () => {
      client.scene = await aClusterWithApi()
      client.server = client.scene.server()
    })
    afterEach(() => client.scene.end())
    return client
  }

  /** @param body text is sent as it stands, anything else as JSON */
  ask<Body = Refusal>(
    method: Method,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer<Body>> {
    return new ApiClient(into(this.server)).call<Body>(method, url, body, headers)
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
  async update(reference: string, changes: object, query = ''): Promise<ApiAnswer<Refusal>> {
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

/** Without a connection: into the server that runs in this process. */
function into(server: Server): Transport {
  return {
    async send({ method, path, headers, body }): Promise<RawAnswer> {
      const reply = await server.inject({
        method: method as Method,
        url: path,
        headers,
        ...(body !== undefined && { payload: body }),
      })
      return { status: reply.statusCode, headers: reply.headers, text: reply.body }
    },
    close() {},
  }
}
