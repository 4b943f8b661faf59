/** Writing and reading DER, in the few forms that certificates need. Bytes are Buffers on this side. */
import forgeAsn1 from 'node-forge/lib/asn1.js'

/** One element. Its content is a string of bytes, or the elements within. */
export interface Asn1 {
  readonly tagClass: number
  readonly type: number
  readonly value: string | Asn1[]
}

const { Class, Type } = forgeAsn1

const bytesOf = (value: Buffer): string => value.toString('latin1')

function primitive(type: number, value: string): Asn1 {
  return forgeAsn1.create(Class.UNIVERSAL, type, false, value)
}

export const sequence = (...items: Asn1[]): Asn1 =>
  forgeAsn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, items)
export const set = (...items: Asn1[]): Asn1 => forgeAsn1.create(Class.UNIVERSAL, Type.SET, true, items)
export const boolean = (value: boolean): Asn1 => primitive(Type.BOOLEAN, value ? '\xff' : '\x00')
export const oid = (dotted: string): Asn1 => primitive(Type.OID, forgeAsn1.oidToDer(dotted).getBytes())
export const utf8 = (text: string): Asn1 => primitive(Type.UTF8, bytesOf(Buffer.from(text, 'utf8')))
export const octets = (value: Buffer): Asn1 => primitive(Type.OCTETSTRING, bytesOf(value))

/** A non-negative integer, big-endian. */
export function integer(value: Buffer): Asn1 {
  const positive = (value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), value]) : value
  return primitive(Type.INTEGER, bytesOf(positive))
}

/** @param unusedBits how many of the last byte's low bits are not part of the string */
export function bits(value: Buffer, unusedBits = 0): Asn1 {
  return primitive(Type.BITSTRING, bytesOf(Buffer.concat([Buffer.of(unusedBits), value])))
}

/** `[tag]`, constructed: explicit tagging, or the content of an implicit SEQUENCE or SET. */
export function tagged(tag: number, ...items: Asn1[]): Asn1 {
  return forgeAsn1.create(Class.CONTEXT_SPECIFIC, tag, true, items)
}

/** `[tag]`, primitive: implicit tagging of a string. */
export function taggedBytes(tag: number, value: Buffer): Asn1 {
  return forgeAsn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytesOf(value))
}

/** X.509 writes years until 2049 with two digits, and later ones with four. */
export function time(ms: number): Asn1 {
  const date = new Date(ms)
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, forgeAsn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, forgeAsn1.dateToGeneralizedTime(date))
}

export function encode(item: Asn1): Buffer {
  return Buffer.from(forgeAsn1.toDer(item).getBytes(), 'latin1')
}

/** @throws Error for bytes that are no DER, or that are followed by others */
export function decode(der: Buffer): Asn1 {
  // Bit strings are keys and signatures here, which must come out byte for byte as they went in.
  return forgeAsn1.fromDer(bytesOf(der), { strict: true, parseAllBytes: true, decodeBitStrings: false })
}

/** The items of a SEQUENCE, SET or constructed `[tag]`. @throws Error for anything else */
export function itemsOf(item: Asn1 | undefined): readonly Asn1[] {
  if (!Array.isArray(item?.value)) throw new Error('a structure is missing')
  return item.value
}

/** The bytes of a string. @throws Error for anything else */
export function contentOf(item: Asn1 | undefined): Buffer {
  if (typeof item?.value !== 'string') throw new Error('a value is missing')
  return Buffer.from(item.value, 'latin1')
}

/** The bytes of a bit string of whole bytes. @throws Error for anything else */
export function bitsOf(item: Asn1 | undefined): Buffer {
  const content = contentOf(item)
  if (content[0] !== 0) throw new Error('a bit string is not made of whole bytes')
  return content.subarray(1)
}

/** Whether the item is this object identifier. */
export function isOid(item: Asn1 | undefined, dotted: string): boolean {
  return contentOf(item).equals(contentOf(oid(dotted)))
}

export const isContextTag = (item: Asn1, tag: number): boolean =>
  item.tagClass === Class.CONTEXT_SPECIFIC && item.type === tag
