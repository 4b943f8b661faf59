import { decode, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressesReply,
  answers,
  fitting,
  pointerReply,
  type Query,
  receive,
  verdict,
  withId,
} from './message.js'

function question(name: string, changes: Packet = {}): Buffer {
  return encode({ type: 'query', id: 4711, flags: 0x100, questions: [{ type: 'A', name }], ...changes })
}

const opt = (udpPayloadSize: number) => ({
  type: 'OPT' as const,
  name: '.' as const,
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
})

function query(packet: Buffer): Query {
  const received = receive(packet)
  if (received.kind !== 'query') throw new Error(`it is no query: ${received.kind}`)
  return received.query
}

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.1.${index + 1}`)

describe('an answer', () => {
  test('bears the ID, the question as it was written, and a short time to live', () => {
    const reply = decode(addressesReply(query(question('wEb')), ['10.0.1.5'], 512))
    expect(reply).toMatchObject({
      id: 4711,
      type: 'response',
      rcode: 'NOERROR',
      flag_tc: false,
      flag_rd: true,
    })
    expect(reply.questions).toMatchObject([{ type: 'A', name: 'wEb' }])
    expect(reply.answers).toMatchObject([{ type: 'A', name: 'wEb', ttl: 1, data: '10.0.1.5' }])
  })

  test('of a name without an address says that all is well, and nothing more', () => {
    const reply = decode(addressesReply(query(question('web')), [], 512))
    expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [], flag_tc: false })
  })

  test('of an address is a name', () => {
    const asked = question('5.1.0.10.in-addr.arpa', {
      questions: [{ type: 'PTR', name: '5.1.0.10.in-addr.arpa' }],
    })
    expect(decode(pointerReply(query(asked), 'web.1.x.net')).answers).toMatchObject([
      { type: 'PTR', data: 'web.1.x.net' },
    ])
  })

  test('that is too large for UDP has what fits, and the flag that says so', () => {
    const asked = query(question('tasks.web'))
    const packet = addressesReply(asked, many(200), asked.udpSize)
    const reply = decode(packet)
    expect(packet.length).toBeLessThanOrEqual(512)
    expect(reply.flag_tc).toBe(true)
    expect(reply.answers!.length).toBeGreaterThan(10)
    const whole = decode(addressesReply(asked, many(200), 65_535))
    expect(whole).toMatchObject({ flag_tc: false })
    expect(whole.answers).toHaveLength(200)
  })

  test('may be larger when the asker says so, but not without end', () => {
    expect(query(question('web', { additionals: [opt(900)] })).udpSize).toBe(900)
    expect(query(question('web', { additionals: [opt(65_000)] })).udpSize).toBe(1232)
    expect(query(question('web', { additionals: [opt(10)] })).udpSize).toBe(512)
    const reply = decode(verdict(query(question('web', { additionals: [opt(900)] })), 'REFUSED'))
    expect(reply).toMatchObject({ rcode: 'REFUSED', additionals: [{ type: 'OPT' }] })
  })
})

describe('what is no question', () => {
  test('answers, and packets without a whole header, are not answered', () => {
    expect(receive(Buffer.alloc(0)).kind).toBe('ignore')
    expect(receive(Buffer.alloc(11)).kind).toBe('ignore')
    expect(receive(encode({ type: 'response', id: 1 })).kind).toBe('ignore')
  })

  test('other operations are not implemented; none, or several questions, and cut names are malformed', () => {
    const rcodeOf = (packet: Buffer): string => {
      const received = receive(packet)
      return received.kind === 'reject'
        ? (decode(received.reply) as { rcode?: string }).rcode!
        : received.kind
    }
    expect(rcodeOf(question('web', { flags: 4 << 11 }))).toBe('NOTIMP')
    expect(rcodeOf(question('web', { questions: [] }))).toBe('FORMERR')
    const twice = [1, 2].map(() => ({ type: 'A' as const, name: 'web' }))
    expect(rcodeOf(question('web', { questions: twice }))).toBe('FORMERR')
    expect(rcodeOf(question('web').subarray(0, -3))).toBe('FORMERR')
    const pointer = question('a')
    pointer.writeUInt16BE(0xc00c, 12)
    expect(rcodeOf(pointer)).toBe('FORMERR')
  })
})

test('a dot inside of a label makes a name that is none of ours', () => {
  const oneLabel = question('tasks_web')
  oneLabel[12 + 1 + 'tasks'.length] = 0x2e
  expect(query(oneLabel).question.name).toBe('.')
  expect(query(question('tasks.web')).question.name).toBe('tasks.web')
  expect(query(question('.')).question.name).toBe('.')
})

describe('an answer from elsewhere', () => {
  const asked = query(question('example.org'))
  const reply = (changes: Packet = {}): Buffer =>
    encode({ type: 'response', id: 7, questions: [{ type: 'A', name: 'example.org' }], ...changes })

  test('counts only with the right ID and the right question', () => {
    expect(answers(reply(), asked, 7)).toBe(true)
    expect(answers(reply({ questions: [{ type: 'A', name: 'EXAMPLE.org' }] }), asked, 7)).toBe(true)
    expect(answers(reply(), asked, 8)).toBe(false)
    expect(answers(reply({ questions: [{ type: 'A', name: 'example.com' }] }), asked, 7)).toBe(false)
    expect(answers(reply({ questions: [{ type: 'AAAA', name: 'example.org' }] }), asked, 7)).toBe(false)
    expect(answers(reply({ questions: [] }), asked, 7)).toBe(false)
    expect(answers(question('example.org', { id: 7 }), asked, 7)).toBe(false)
  })

  test('that is larger than the asker takes is cut down to its question', () => {
    const large = addressesReply(asked, many(100), 65_535)
    const cut = decode(fitting(large, asked, 512))
    expect(cut).toMatchObject({ flag_tc: true, rcode: 'NOERROR', answers: [] })
    expect(cut.questions).toMatchObject([{ name: 'example.org' }])
    expect(fitting(large, asked, 65_535)).toBe(large)
  })
})

describe('whatever comes', () => {
  const wellFormed = fc
    .record({
      name: fc.domain(),
      size: fc.integer({ min: 0, max: 65_535 }),
      id: fc.integer({ min: 0, max: 65_535 }),
    })
    .map(({ name, size, id }) => withId(question(name, { additionals: [opt(size)] }), id))
  const damaged = fc
    .tuple(
      wellFormed,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.nat(),
    )
    .map(([packet, changes, cut]) => {
      const copy = Buffer.from(packet)
      for (const [at, byte] of changes) copy[at % copy.length] = byte
      return copy.subarray(0, cut % 4 === 0 ? cut % copy.length : copy.length)
    })
  const anything = fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes))

  /** What may go back for a packet. */
  const repliesTo = (packet: Buffer): Buffer[] => {
    const received = receive(packet)
    if (received.kind === 'ignore') return []
    if (received.kind === 'reject') return [received.reply]
    const { query: asked } = received
    return [addressesReply(asked, many(80), asked.udpSize), verdict(asked, 'SERVFAIL')]
  }

  test('it is read without an exception; every answer to it can be read again, and is small', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, anything), (packet) => {
        for (const reply of repliesTo(packet)) {
          expect(decode(reply).id).toBe(packet.readUInt16BE(0))
          expect(reply.length).toBeLessThanOrEqual(1232)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
