import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Says that another manager has let this request in: it is not passed on once more. */
export const MARK = 'shoal-passed-on'
/** In an answer to a marked request: this manager leads no more, and has done nothing. */
export const DECLINED = 'shoal-declined'
/** They speak of one connection, not of the request. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'])

/** What goes on to the primary. `transfer-encoding` stays: it tells Node that a body follows, whatever the method. */
export function requestHeaders({ headers }: IncomingMessage, managerId: string): IncomingHttpHeaders {
  const { expect: _answeredHere, ...kept } = withoutHops(headers)
  return { ...kept, [MARK]: managerId }
}

/** What goes back to the client. */
export function answerHeaders({ headers }: IncomingMessage): IncomingHttpHeaders {
  const { 'transfer-encoding': _ours, [DECLINED]: _between, ...kept } = withoutHops(headers)
  return kept
}

/** The first lines of a request to upgrade, as the client sent them, and the mark. */
export function headOf(
  { method = 'GET', url = '/', rawHeaders }: IncomingMessage,
  managerId: string,
): string {
  let head = `${method} ${url} HTTP/1.1\r\n${MARK}: ${managerId}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${head}\r\n`
}

export const isMarked = ({ headers }: IncomingMessage): boolean => headers[MARK] !== undefined

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}
