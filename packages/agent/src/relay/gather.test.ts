import { PassThrough } from 'node:stream'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { gathered } from './gather.js'

const never = new AbortController().signal

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function aBody(signal = never) {
  const [clock, body, got] = [new VirtualClock(), new PassThrough(), [] as string[]]
  const done = (async () => {
    for await (const data of gathered(body, clock, signal)) got.push(data.toString())
  })()
  return { clock, body, got, done }
}

test('a small piece comes at once, and those that follow it come together', async () => {
  const { clock, body, got, done } = aBody()
  body.write('a')
  await settle()
  expect(got).toEqual(['a'])
  for (const text of ['b', 'c', 'd']) body.write(text)
  await settle()
  expect(got).toEqual(['a'])
  clock.advance(10)
  await settle()
  expect(got).toEqual(['a', 'bcd'])
  body.end('e')
  clock.advance(10)
  await settle()
  clock.advance(10)
  await done
  expect(got).toEqual(['a', 'bcd', 'e'])
})

test('what is large is not kept waiting', async () => {
  const { body, got } = aBody()
  for (let piece = 0; piece < 3; piece++) {
    body.write('x'.repeat(8_000))
    await settle()
  }
  expect(got.join('')).toHaveLength(24_000)
})

test('it ends with whom it is for', async () => {
  const gone = new AbortController()
  const { body, got, done } = aBody(gone.signal)
  body.write('a')
  await settle()
  body.end()
  gone.abort()
  await done
  expect(got).toEqual(['a'])
})
