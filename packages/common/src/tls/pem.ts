/** The text form of DER. */
const LINE_LENGTH = 64

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The blocks with this label, in order. */
export function fromPem(label: string, pem: string): Buffer[] {
  const block = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`, 'g')
  return [...pem.matchAll(block)].map(([, body]) => Buffer.from(body ?? '', 'base64'))
}
