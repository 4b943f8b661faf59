import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frame } from '../containers/frames.js'
import { FrameReader, type LogLine, type LogReader, TerminalReader } from './log-reader.js'

const texts = (lines: readonly LogLine[]): [number, string][] =>
  lines.map(({ stream, payload }) => [stream, payload.toString('utf8')])

/** Cuts data at these places, as a network may. */
function cut(data: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (data.length + 1)))].sort((a, b) => a - b)
  return [...at, data.length].map((end, i) => data.subarray(i === 0 ? 0 : at[i - 1], end))
}

const readAll = (reader: LogReader, chunks: readonly Buffer[]): LogLine[] => [
  ...chunks.flatMap((chunk) => reader.lines(chunk)),
  ...reader.rest(),
]

describe('frames', () => {
  const someFrames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string()), { maxLength: 8 })
  const places = fc.array(fc.nat(), { maxLength: 6 })
  const joined = (sent: readonly (readonly [number, string])[]): Buffer =>
    Buffer.concat(sent.map(([stream, text]) => frame(stream, Buffer.from(text))))

  test('are read whole, however they come', () => {
    fc.assert(
      fc.property(someFrames, places, (sent, at) => {
        expect(texts(readAll(new FrameReader(), cut(joined(sent), at)))).toEqual(sent)
      }),
    )
  })

  test('are passed on whole, however they come', () => {
    fc.assert(
      fc.property(someFrames, places, (sent, at) => {
        const [reader, data] = [new FrameReader(), joined(sent)]
        const passed = cut(data, at).map((chunk) => reader.whole(chunk))
        for (const piece of passed) expect(new FrameReader().whole(piece)).toEqual(piece)
        expect(Buffer.concat(passed)).toEqual(data)
      }),
    )
    const reader = new FrameReader()
    const [a, b] = [frame(1, Buffer.from('one\n')), frame(2, Buffer.from('two\n'))]
    expect(reader.whole(Buffer.concat([a, b.subarray(0, 9)]))).toEqual(a)
    expect(reader.whole(b.subarray(9))).toEqual(b)
  })

  test('half a frame at the end is left out', () => {
    expect(readAll(new FrameReader(), [frame(1, Buffer.from('one\n')).subarray(0, 10)])).toEqual([])
  })

  test.each([[Buffer.from('plain text, no frames')], [Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])]])(
    '%j is no stream of logs',
    (data) => expect(() => new FrameReader().lines(data)).toThrow('no stream of logs'),
  )
})

describe('a terminal’s output', () => {
  test('is read by lines, however it comes; the last one may lack its end', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.nat(), { maxLength: 6 }), (sent, at) => {
        const lines = sent.map((text) => `${text.replaceAll('\n', '')}\r\n`)
        const read = readAll(new TerminalReader(), cut(Buffer.from(`${lines.join('')}$ `), at))
        expect(texts(read)).toEqual([...lines, '$ '].map((line) => [1, line]))
      }),
    )
  })
})
