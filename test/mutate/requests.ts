import type { Operation, Specification } from '../schema/index.js'
import type { Dice } from '../simulation/dice.js'
import { spoil, spoilText } from './mutations.js'
import { Documents, type Json, oddValue, ODD_TEXTS } from './values.js'

export interface MutatedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** It may not be understood as HTTP at all: any refusal will do, also the end of the connection. */
  readonly raw?: boolean
}

/** What there is in the cluster, to be referred to. */
export interface Known {
  readonly names: readonly string[]
  /** What an update has to name. */
  readonly versions: readonly number[]
}

const QUERY_WORDS = [
  '1',
  '0',
  'true',
  'false',
  'yes',
  '-1',
  'NaN',
  '',
  'previous',
  'previous-spec',
  'swarm',
  'all',
]
const CONTENT_TYPES = [
  'text/plain',
  'application/x-tar',
  'application/json; charset=utf-16',
  'json',
  '',
  'a/b/c',
  '\tx',
]
/** The largest body that is sent now and then, in bytes: more than the API takes. */
const HUGE_BYTES = 5 * 1024 * 1024

/** Paths of the API that are not in the description; a container's go to its node's engine. */
const MORE: readonly Operation[] = [
  ['GET', '/containers/json'],
  ['GET', '/containers/{id}/json'],
  ['POST', '/containers/{id}/exec'],
  ['POST', '/exec/{id}/start'],
  ['GET', '/shoal/store'],
  ['POST', '/shoal/move'],
  ['GET', '/shoal/services/{id}/rebalance'],
  ['POST', '/shoal/services/{id}/rebalance'],
  ['GET', '/shoal/services/{id}/explanation'],
  ['GET', '/shoal/tasks/{id}/explanation'],
  ['GET', '/images/{id}/json'],
  ['POST', '/containers/create'],
].map(([method = '', path = '']) => ({ method, path, parameters: [], responses: {} }))

/** Makes requests: the same seed and the same cluster give the same ones. */
export class Requests {
  readonly #operations: readonly Operation[]
  readonly #documents: Documents
  readonly #dice: Dice

  constructor({ definitions, operations }: Specification, dice: Dice) {
    // Those that have a body have the most to be wrong about.
    const withBody = operations.filter((one) => one.parameters.some((parameter) => parameter.in === 'body'))
    this.#operations = [...operations, ...MORE, ...withBody, ...withBody, ...withBody]
    this.#documents = new Documents(definitions, dice)
    this.#dice = dice
  }

  next(known: Known): MutatedRequest {
    const dice = this.#dice
    if (dice.chance(0.01)) return this.#raw()
    const operation = dice.pick(this.#operations)
    const method = dice.chance(0.02) ? dice.pick(['PUT', 'PATCH', 'OPTIONS', 'HEAD']) : operation.method
    const path = `${this.#path(operation, known)}${this.#query(operation, known)}`
    const body = method === 'POST' || method === 'PUT' ? this.#body(operation) : undefined
    const type = dice.chance(0.05) ? dice.pick(CONTENT_TYPES) : 'application/json'
    const auth = dice.chance(0.05) ? dice.pick(['e30=', '!!!', 'x'.repeat(6000)]) : undefined
    return {
      method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': type }),
        ...(auth !== undefined && { 'x-registry-auth': auth }),
      },
      ...(body !== undefined && { body }),
    }
  }

  #path({ path }: Operation, { names }: Known): string {
    const dice = this.#dice
    const filled = path.replace(/\{\w+\}/g, () =>
      dice.chance(0.7) ? dice.pick(names) : encodeURIComponent(this.#oddText()),
    )
    if (dice.chance(0.97))
      return dice.chance(0.5) ? filled : `/v${dice.pick(['1.41', '1.24', '1.47', '1.30'])}${filled}`
    return dice.pick([
      `/v9.99${filled}`,
      `/v1.1${filled}`,
      `/v1.4.7.0.0${filled}`,
      `/v.${filled}`,
      `/v99999999999999999999.1${filled}`,
      `/${filled}`,
      `${filled}/`,
      `${filled}/%2e%2e/%2e%2e`,
      `${filled}%00`,
      `${filled}%zz`,
      `${filled}%c3%28`,
      `${filled};a=b`,
      `/${'a/'.repeat(500)}`,
      `/${'%F0%9F%92%A5'.repeat(100)}`,
    ])
  }

  #query({ parameters }: Operation, { versions }: Known): string {
    const dice = this.#dice
    const parts = parameters
      .filter(
        (parameter) => parameter.in === 'query' && dice.chance(parameter.name === 'version' ? 0.95 : 0.4),
      )
      .map(({ name }) => {
        if (name === 'version' && dice.chance(0.8)) return `version=${dice.pick(versions)}`
        if (name === 'filters') return `filters=${encodeURIComponent(this.#filters())}`
        const word = dice.chance(0.7) ? dice.pick(QUERY_WORDS) : this.#oddText()
        return `${name}=${encodeURIComponent(word)}`
      })
    if (dice.chance(0.02))
      parts.push(dice.pick(['&&&', '=', 'a[b]=c', 'version=1&version=2', '%zz=%zz', '?']))
    return parts.length > 0 ? `?${parts.join('&')}` : ''
  }

  #filters(): string {
    const dice = this.#dice
    const key = dice.pick([
      'id',
      'name',
      'label',
      'service',
      'node',
      'desired-state',
      'mode',
      'role',
      'driver',
      'x',
      'until',
    ])
    const value: Json = dice.pick<Json>([['web'], { web: true }, ['a=b', 'c'], [], null, oddValue(dice)])
    const text = JSON.stringify({ [key]: value, ...(dice.chance(0.2) && { __proto__x: oddValue(dice) }) })
    return dice.chance(0.15) ? spoilText(text, dice).toString() : text
  }

  #body(operation: Operation): string | Buffer {
    const dice = this.#dice
    if (dice.chance(0.0005)) return `{"Name":"${'x'.repeat(HUGE_BYTES)}"}`
    const schema = operation.parameters.find((parameter) => parameter.in === 'body')?.schema
    let document: Json = schema ? this.#documents.like(schema) : {}
    for (let times = dice.between(1, 3); times > 0; times--) document = spoil(document, dice)
    const text = JSON.stringify(document)
    return dice.chance(0.2) ? spoilText(text, dice) : text
  }

  #oddText(): string {
    const dice = this.#dice
    const text = dice.chance(0.1) ? 'x'.repeat(dice.between(100, 3000)) : dice.pick(ODD_TEXTS)
    // Half a character cannot stand in a path.
    return /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(text) ? '?' : text
  }

  /** Bytes that are hardly HTTP, on a connection of their own. */
  #raw(): MutatedRequest {
    const dice = this.#dice
    const text = dice.pick([
      'GET /\u0000 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /services HTTP/9.9\r\nhost: x\r\n\r\n',
      'POST /services/create HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"Name"',
      'POST /services/create HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
      'POST /services/create HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /services/create HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET /services HTTP/1.1\r\n${'x-y: z\r\n'.repeat(3000)}\r\n`,
      'BREW /coffee HTCPCP/1.0\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      'GET /services\r\n\r\n',
      'POST /exec/x/start HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: tcp\r\ncontent-length: 99\r\n\r\n{}',
      'GET /info HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    ])
    return {
      method: 'RAW',
      path: text.slice(0, 40),
      headers: {},
      body: Buffer.from(text, 'latin1'),
      raw: true,
    }
  }
}
