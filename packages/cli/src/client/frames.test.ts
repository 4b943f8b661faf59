import { expect, test } from 'vitest'
import { FrameReader, LineReader } from './frames.js'

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

test('frames are the same wherever the connection has cut them', () => {
  const frames = [
    { stream: 1, text: 'one\n' },
    { stream: 2, text: '' },
    { stream: 3, text: 'zwei — ü\n' },
  ]
  const bytes = Buffer.concat(frames.map(({ stream, text }) => frame(stream, text)))
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader()
    const read: typeof frames = []
    for (let at = 0; at < bytes.length; at += size) {
      const complete = reader.push(bytes.subarray(at, at + size))
      read.push(...complete.map((one) => ({ stream: one.stream, text: one.bytes.toString() })))
    }
    expect(read).toEqual(frames)
  }
})

test('lines are told when they are whole', () => {
  const reader = new LineReader()
  expect(reader.push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}'])
  expect(reader.push(Buffer.from(':2}\n'))).toEqual(['{"b":2}'])
})
