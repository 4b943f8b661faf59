import { createServer, type IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@shoal/common/clock'
import { type Environment, ManagerClient } from '../client/index.js'
import { PassThrough, Writable } from 'node:stream'
import { chooseContext, chosenEndpoint, configFolder, ContextStore } from '../contexts/index.js'
import { runCommandLine } from '../command-line/index.js'
import { plainScreen } from '../progress/index.js'

/** A request as the server of a test saw it. */
export interface Request {
  method: string
  path: string
  query: Record<string, string>
  body: unknown
}

/** A body of bytes is sent as it is, any other as JSON. */
type Answer = { status?: number; body?: unknown }
/** What the server answers, by `METHOD /path`. */
export type Routes = Record<string, (request: Request) => Answer>

export interface Ran {
  code: number
  out: string
  err: string
}

/** A server that answers by the routes of one test, and ctl pointed at it. */
export interface FakeManager {
  /** Where it listens. */
  socket: string
  requests: Request[]
  ctl: (...words: string[]) => Promise<Ran>
  close(): Promise<void>
}

/** Starts a server on a socket of its own; a path without a route is answered as Docker does, with 404. */
export async function fakeManager(
  routes: Routes,
  clock: Clock,
  environment: Environment = {},
): Promise<FakeManager> {
  const folder = mkdtempSync(join(tmpdir(), 'ctl-'))
  const socket = join(folder, 'manager.sock')
  const requests: Request[] = []
  const server = createServer((incoming, response) => {
    void read(incoming).then((request) => {
      requests.push(request)
      const route = routes[`${request.method} ${request.path}`]
      const { status = 200, body = { message: 'page not found' } } = route ? route(request) : { status: 404 }
      const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body)
      return response.writeHead(status, { 'Content-Type': 'application/json' }).end(bytes)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve)
  })
  return {
    socket,
    requests,
    ctl: (...words) => run(words, socket, clock, { XDG_CONFIG_HOME: folder, ...environment }),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
      })
      rmSync(folder, { recursive: true })
    },
  }
}

async function run(words: string[], socket: string, clock: Clock, more: Environment): Promise<Ran> {
  const ran = { code: 0, out: '', err: '' }
  const environment = { SHOAL_SOCKET: socket, ...more }
  const contexts = new ContextStore(configFolder(environment))
  ran.code = await runCommandLine(words, (globals) => ({
    print: (text) => void (ran.out += `${text}\n`),
    warn: (text) => void (ran.err += `${text}\n`),
    environment,
    // Nobody is there to ask.
    confirm: () => Promise.resolve(false),
    clock,
    contexts: () => contexts,
    contextName: () => chooseContext(globals, environment, contexts.current()),
    client: () => ManagerClient.at(chosenEndpoint(globals, environment, contexts)),
    console: () => ({
      input: new PassThrough().end(),
      output: collector((text) => (ran.out += text)),
      errors: collector((text) => (ran.err += text)),
      inputIsTerminal: false,
      takeKeys: () => () => undefined,
      window: () => undefined,
      onResize: () => () => undefined,
    }),
    screen: () => plainScreen((text) => void (ran.out += text)),
    untilInterrupted: (work) => work(new AbortController().signal),
  }))
  return ran
}

function collector(add: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      add(chunk.toString())
      done()
    },
  })
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const url = new URL(incoming.url ?? '/', 'http://manager')
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? undefined : JSON.parse(text),
  }
}
