import { expect, test } from 'vitest'
import { Place } from './place.js'

const AT = (second: number, nanosecond = 1): string =>
  `2026-01-02T03:04:${String(second).padStart(2, '0')}.${String(nanosecond).padStart(9, '0')}Z`
const take = (place: Place, line: string): string | undefined => place.take(Buffer.from(line))?.toString()

test('lines are told without their times, and the engine is asked from the latest on', () => {
  const place = new Place()
  expect(place.since).toBeUndefined()
  expect(take(place, `${AT(5)} one\n`)).toBe('one\n')
  expect(take(place, `${AT(6, 20)} \n`)).toBe('\n')
  expect(place.since).toBe(`${Date.parse('2026-01-02T03:04:06Z') / 1000}.000000020`)
})

test('what is told once more is left out, also the parts of a long line, which have one time', () => {
  const place = new Place()
  for (const text of ['a', 'b']) expect(take(place, `${AT(7)} ${text}`)).toBe(text)
  place.resume()
  expect(['a', 'b', 'c'].map((text) => take(place, `${AT(7)} ${text}`))).toEqual([undefined, undefined, 'c'])
  place.resume()
  expect(['a', 'b', 'c'].map((text) => take(place, `${AT(7)} ${text}`))).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(take(place, `${AT(8)} d`)).toBe('d')
})

test('a line without a time is none of an engine’s', () => {
  expect(() => take(new Place(), 'one\n')).toThrow('without its time')
})
