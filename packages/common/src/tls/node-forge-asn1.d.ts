/** forge's DER coder alone: the whole of forge would cost every daemon 9 MB of memory. */
declare module 'node-forge/lib/asn1.js' {
  import type { Asn1 } from './asn1.js'

  type TypeName =
    | 'BOOLEAN'
    | 'INTEGER'
    | 'BITSTRING'
    | 'OCTETSTRING'
    | 'OID'
    | 'UTF8'
    | 'SEQUENCE'
    | 'SET'
    | 'UTCTIME'
    | 'GENERALIZEDTIME'

  const asn1: {
    readonly Class: Readonly<Record<'UNIVERSAL' | 'CONTEXT_SPECIFIC', number>>
    readonly Type: Readonly<Record<TypeName, number>>
    create(tagClass: number, type: number, constructed: boolean, value: string | Asn1[]): Asn1
    toDer(item: Asn1): { getBytes(): string }
    fromDer(bytes: string, options: Record<'strict' | 'parseAllBytes' | 'decodeBitStrings', boolean>): Asn1
    oidToDer(dotted: string): { getBytes(): string }
    dateToUtcTime(date: Date): string
    dateToGeneralizedTime(date: Date): string
  }
  export default asn1
}
