import { expect, test } from 'vitest'
import { Fifo } from './fifo.js'

test('what came first goes first, also after much has come and gone', () => {
  const fifo = new Fifo<number>()
  const taken: (number | undefined)[] = []
  for (let number = 0; number < 1000; number++) {
    fifo.add(number)
    if (number % 3 > 0) taken.push(fifo.take())
  }

  expect(fifo.size).toBe(1000 - taken.length)
  expect(fifo.first).toBe(taken.length)
  expect([...taken, ...fifo.takeAll()]).toEqual(Array.from({ length: 1000 }, (_, number) => number))
  expect(fifo.size).toBe(0)
  expect(fifo.take()).toBeUndefined()
})
