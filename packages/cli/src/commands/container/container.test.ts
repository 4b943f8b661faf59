import { Duplex, PassThrough } from 'node:stream'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, describe, expect, test } from 'vitest'
import type { TerminalWindow } from '../../client/index.js'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'
import { converse } from './converse.js'

const NOW = Date.UTC(2026, 0, 1, 12)
let manager: FakeManager | undefined
afterEach(async () => {
  await manager?.close()
  manager = undefined
})
const given = async (routes: Routes): Promise<FakeManager> =>
  (manager = await fakeManager(routes, new VirtualClock(NOW)))

const listed = {
  Id: 'c'.repeat(64),
  Names: ['/alpha/web.1.abc'],
  Image: 'docker.io/library/nginx:1@sha256:abc',
  Command: 'nginx -g daemon off; --and more',
  Created: NOW / 1000 - 180,
  Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }],
  Labels: { 'com.docker.swarm.service.name': 'web' },
  State: 'running',
  Status: 'Up 3 minutes',
}

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

describe('containers', () => {
  test('are listed with their nodes', async () => {
    const { ctl, requests } = await given({ 'GET /containers/json': () => ({ body: [listed] }) })
    expect((await ctl('ps', '-f', 'service=web')).out).toBe(
      'CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS                  NODE      NAMES\n' +
        'cccccccccccc   nginx:1   "nginx -g daemon off…"   3 minutes ago   Up 3 minutes   0.0.0.0:8080->80/tcp   alpha     web.1.abc\n',
    )
    expect(requests[0]?.query).toEqual({ filters: '{"service":{"web":true}}' })
    expect((await ctl('ps', '-lq', '--no-trunc')).out).toBe(`${listed.Id}\n`)
    expect(requests.at(-1)?.query).toEqual({ all: '1', limit: '1' })
  })

  test('tell their logs, each stream where it belongs', async () => {
    const { ctl, requests } = await given({
      'GET /containers/web.1/json': () => ({ body: { Config: { Tty: false } } }),
      'GET /containers/web.1/logs': () => ({ body: Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n')]) }),
    })
    expect(await ctl('logs', '-n', '5', '--since', '10m', 'web.1')).toEqual({
      code: 0,
      out: 'one\n',
      err: 'two\n',
    })
    expect(requests.at(-1)?.query).toEqual({
      stdout: '1',
      stderr: '1',
      tail: '5',
      since: String(NOW / 1000 - 600) + '.000',
    })
  })

  test('run a command that nobody waits for', async () => {
    const { ctl, requests } = await given({
      'POST /containers/web.1/exec': () => ({ status: 201, body: { Id: 'e.n' } }),
      'POST /exec/e.n/start': () => ({ body: {} }),
    })
    expect((await ctl('exec', '-d', '-e', 'A=1', '-u', 'me', '-w', '/tmp', 'web.1', 'ls', '-l')).code).toBe(0)
    expect(requests.map(({ body }) => body)).toEqual([
      {
        AttachStdin: false,
        AttachStdout: false,
        AttachStderr: false,
        Tty: false,
        Cmd: ['ls', '-l'],
        Env: ['A=1'],
        Privileged: false,
        User: 'me',
        WorkingDir: '/tmp',
      },
      { Detach: true, Tty: false },
    ])
  })

  test('run no terminal without one to type in', async () => {
    const { ctl, requests } = await given({})
    expect(await ctl('exec', '-it', 'web.1', 'sh')).toMatchObject({
      code: 1,
      err: 'the input device is not a TTY\n',
    })
    expect(requests).toEqual([])
  })
})

/** A user at a terminal, and a program far away. */
function aConversation() {
  const fromProgram = new PassThrough()
  const toProgram = new PassThrough()
  const stream = Duplex.from({ readable: fromProgram, writable: toProgram })
  const input = new PassThrough()
  const output = new PassThrough()
  const errors = new PassThrough()
  const seen = { keysTaken: 0, keysReleased: 0, windows: [] as TerminalWindow[] }
  const listeners = new Set<() => void>()
  const size = { columns: 80, rows: 24 }
  const console = {
    input,
    output,
    errors,
    inputIsTerminal: true,
    takeKeys: () => {
      seen.keysTaken++
      return () => void seen.keysReleased++
    },
    window: () => ({ ...size }),
    onResize: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const resizeTo = (columns: number, rows: number): void => {
    Object.assign(size, { columns, rows })
    for (const listener of listeners) listener()
  }
  return { fromProgram, toProgram, stream, console, seen, listeners, resizeTo }
}

describe('a conversation', () => {
  test('in a terminal: keys go there, the window follows, and all is put back at the end', async () => {
    const { stream, console, fromProgram, toProgram, seen, listeners, resizeTo } = aConversation()
    const clock = new VirtualClock(NOW)
    let refusals = 2
    const over = converse({
      stream,
      console,
      clock,
      terminal: true,
      takesInput: true,
      resize: (window) => {
        if (refusals-- > 0) return Promise.reject(new Error('not running yet'))
        seen.windows.push(window)
        return Promise.resolve()
      },
    })
    for (let tries = 0; tries < 3; tries++) {
      await new Promise(setImmediate)
      clock.advance(50)
    }
    expect(seen.windows).toEqual([{ columns: 80, rows: 24 }])
    resizeTo(100, 30)
    expect(seen.windows.at(-1)).toEqual({ columns: 100, rows: 30 })
    console.input.write('\u0003')
    fromProgram.end('bye')
    await over
    expect(String(toProgram.read())).toBe('\u0003')
    expect(String(console.output.read())).toBe('bye')
    expect(seen).toMatchObject({ keysTaken: 1, keysReleased: 1 })
    expect(listeners.size).toBe(0)
    expect(console.input.isPaused()).toBe(true)
  })

  test('without a terminal: two outputs, and a word of the manager is an error', async () => {
    const { stream, console, fromProgram } = aConversation()
    fromProgram.write(frame(1, 'out'))
    fromProgram.write(frame(2, 'err'))
    fromProgram.end(frame(3, 'the connection to node alpha is lost\n'))
    const over = converse({
      stream,
      console,
      clock: new VirtualClock(NOW),
      terminal: false,
      takesInput: false,
      resize: () => Promise.resolve(),
    })
    await expect(over).rejects.toThrow('the connection to node alpha is lost')
    expect(String(console.output.read())).toBe('out')
    expect(String(console.errors.read())).toBe('err')
  })
})
