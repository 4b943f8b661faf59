import {
  type Answer as Record,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet'
import type { Question } from './answer.js'

/**
 * What the codec (dns-packet) does not decide: which packets are questions, how large an answer may be, and what a
 * truncated one looks like. Nothing here throws: packets come from anybody.
 */

/** Answers carry this, in seconds: no answer outlives a task that has left. */
export const TTL_S = 1

/** Before EDNS, every answer by UDP had to fit into this. */
const SMALLEST_UDP = 512
/** As the DNS flag day of 2020 has it: fits into a packet of every network that matters. */
const LARGEST_UDP = 1232
/** By TCP, the length has two bytes. */
export const LARGEST_TCP = 65_535

const HEADER_LENGTH = 12
/** The root's empty label, type and class. */
const AFTER_LABELS = 5
const ROOT = '.'
const PLAIN_LABEL = /^[\x21-\x2d\x2f-\x7e]+$/
/** EDNS and a signature; more is no honest question. */
const MOST_ADDITIONALS = 4

export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NOTIMP' | 'REFUSED'
const RCODES: { readonly [Code in Rcode]: number } = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NOTIMP: 4,
  REFUSED: 5,
}

/** A question as it came. */
export interface Query {
  readonly packet: Buffer
  readonly id: number
  readonly question: Question
  /** The question's section, byte by byte. */
  readonly section: Buffer
  /** Bytes that an answer by UDP may have; with EDNS the asker says so. */
  readonly udpSize: number
  readonly edns: boolean
  readonly recursionDesired: boolean
}

export type Received =
  | { readonly kind: 'query'; readonly query: Query }
  /** What is no question that we understand is told so. */
  | { readonly kind: 'reject'; readonly reply: Buffer }
  /** Too short for an answer, or an answer itself: two servers must not answer each other for ever. */
  | { readonly kind: 'ignore' }

/** Reads a packet that somebody has sent. */
export function receive(packet: Buffer): Received {
  if (packet.length < HEADER_LENGTH || isResponse(packet)) return { kind: 'ignore' }
  if (opcodeOf(packet) !== 0) return { kind: 'reject', reply: bare(packet, 'NOTIMP') }
  const query = asksOnce(packet) ? parse(packet) : undefined
  return query ? { kind: 'query', query } : { kind: 'reject', reply: bare(packet, 'FORMERR') }
}

/** Before anything is decoded: a packet that claims thousands of records would cost more than it is worth. */
function asksOnce(packet: Buffer): boolean {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at))
  return questions === 1 && answers === 0 && authorities === 0 && additionals! <= MOST_ADDITIONALS
}

function parse(packet: Buffer): Query | undefined {
  try {
    const { id = 0, questions = [], additionals = [], flag_rd: recursionDesired } = decode(packet)
    const [question] = questions
    if (!question) return undefined
    const opt = additionals.find((record) => record.type === 'OPT')
    const { section, name } = readQuestion(packet)
    const asked = opt ? opt.udpPayloadSize : SMALLEST_UDP
    return {
      packet,
      id,
      question: { name, type: question.type },
      section,
      udpSize: Math.min(Math.max(asked, SMALLEST_UDP), LARGEST_UDP),
      edns: opt !== undefined,
      recursionDesired,
    }
  } catch {
    return undefined
  }
}

/** The bytes of the (only) question, and its name: without pointers, for there is nothing before it to point at. */
function readQuestion(packet: Buffer): { readonly section: Buffer; readonly name: string } {
  const labels: string[] = []
  let at = HEADER_LENGTH
  for (let length = packet[at]!; length > 0; length = packet[at]!) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  // A label may hold any byte, even a dot. A name with such a one is none of ours: taken for the root, it is asked
  // elsewhere, byte by byte as it came.
  const name = labels.every((label) => PLAIN_LABEL.test(label)) ? labels.join('.') : ROOT
  return { section: packet.subarray(HEADER_LENGTH, at + AFTER_LABELS), name: name || ROOT }
}

const isResponse = (packet: Buffer): boolean => (packet[2]! & 0x80) !== 0
const opcodeOf = (packet: Buffer): number => (packet[2]! >> 3) & 0xf
const rcodeOf = (packet: Buffer): number => packet[3]! & 0xf

/** A header alone: for a packet whose question could not be read. */
function bare(packet: Buffer, rcode: Rcode): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH)
  packet.copy(header, 0, 0, 3)
  header[2] = packet[2]! | 0x80
  header[3] = RCODES[rcode]
  return header
}

/** An answer that says only how it went. */
export function verdict(query: Query, rcode: Rcode): Buffer {
  return respond(query, [], RCODES[rcode])
}

/** Addresses of a name of the cluster; as many as fit into `limit` bytes, and the flag that there are more. */
export function addressesReply(query: Query, addresses: readonly string[], limit: number): Buffer {
  const { name } = query.question
  const records = addresses.map((data): Record => ({ type: 'A', name, ttl: TTL_S, data }))
  const whole = respond(query, records)
  if (whole.length <= limit) return whole
  const perRecord = (whole.length - respond(query, []).length) / records.length
  const fitting = Math.floor((limit - respond(query, []).length) / perRecord)
  return respond(query, records.slice(0, Math.max(fitting, 0)), TRUNCATED_RESPONSE)
}

/** The name of an address of the cluster. */
export function pointerReply(query: Query, data: string): Buffer {
  return respond(query, [{ type: 'PTR', name: query.question.name, ttl: TTL_S, data }])
}

function respond(query: Query, answers: Record[], extraFlags = 0): Buffer {
  const desired = query.recursionDesired ? RECURSION_DESIRED : 0
  const reply = encode({
    type: 'response',
    id: query.id,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | desired | extraFlags,
    questions: [],
    answers,
    additionals: query.edns ? [EDNS] : [],
  })
  return withQuestion(reply, query)
}

const EDNS = {
  type: 'OPT' as const,
  name: '.' as const,
  udpPayloadSize: LARGEST_UDP,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
}

/** The question goes back byte by byte: some clients look whether its capitals are those that they sent. */
function withQuestion(reply: Buffer, { section }: Query): Buffer {
  reply.writeUInt16BE(1, 4)
  return Buffer.concat([reply.subarray(0, HEADER_LENGTH), section, reply.subarray(HEADER_LENGTH)])
}

/** The same question under another ID: so that nobody can guess what an answer must look like. */
export function withId(packet: Buffer, id: number): Buffer {
  const copy = Buffer.from(packet)
  copy.writeUInt16BE(id, 0)
  return copy
}

/** Whether a packet answers the question that was sent under `id`. */
export function answers(packet: Buffer, query: Query, id: number): boolean {
  if (packet.length < HEADER_LENGTH || !isResponse(packet) || packet.readUInt16BE(0) !== id) return false
  // A server that does not understand a question may leave it out.
  if (packet.readUInt16BE(4) === 0) return rcodeOf(packet) !== 0
  const section = packet.subarray(HEADER_LENGTH, HEADER_LENGTH + query.section.length)
  return section.toString('latin1').toLowerCase() === query.section.toString('latin1').toLowerCase()
}

/** Whether another server may know better: this one failed, or will not. */
export function isFailure(packet: Buffer): boolean {
  const rcode = rcodeOf(packet)
  return rcode === RCODES.SERVFAIL || rcode === RCODES.REFUSED || rcode === RCODES.NOTIMP
}

/** An answer from elsewhere, cut down to its question when it is larger than the asker can take. */
export function fitting(packet: Buffer, query: Query, limit: number): Buffer {
  if (packet.length <= limit) return packet
  const cut = bare(packet, 'NOERROR')
  cut.writeUInt16BE((packet.readUInt16BE(2) | TRUNCATED_RESPONSE) & 0xffff, 2)
  return withQuestion(cut, query)
}
