import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { RelayStream, type RelayCall } from './relay-stream.js'

/** The agent's call, of which the test tells what comes in. */
class FakeCall extends EventEmitter {
  hasEnded = false

  write(_message: object, done?: () => void): boolean {
    done?.()
    return true
  }

  end(): void {
    this.hasEnded = true
  }

  pause(): void {}
  resume(): void {}
}

function carried() {
  const call = new FakeCall()
  const relay = new RelayStream({ method: 'GET', path: '/containers/c/archive', apiVersion: '1.41' }, 'n1')
  relay.carryBy(call as unknown as RelayCall)
  relay.end()
  const piece = Buffer.alloc(50_000, 'x')
  const say = (body: string, content: unknown): boolean => call.emit('data', { body, [body]: content })
  say('head', { status: 200, headers: {} })
  for (let count = 0; count < 4; count++) say('data', piece)
  return { call, relay, say }
}

async function read(relay: RelayStream): Promise<number> {
  let length = 0
  for await (const data of relay as AsyncIterable<Buffer>) length += data.length
  return length
}

test.each(['cancelled', 'end', 'error'])(
  'what was not read when the answer was complete is there after the call is %s',
  async (way) => {
    const { call, relay, say } = carried()
    say('end', {})
    expect(call.hasEnded).toBe(true)
    call.emit(way)
    expect(await read(relay)).toBe(200_000)
  },
)

test.each(['cancelled', 'end', 'error'])(
  'a call that is %s before the agent has said that this was all fails',
  async (way) => {
    const { call, relay } = carried()
    call.emit(way)
    await expect(read(relay)).rejects.toThrow('the connection to node n1 is lost')
  },
)
