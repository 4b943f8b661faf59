import { readFile } from 'node:fs/promises'
import { mustRun, type Run } from './run.js'

/** A connection that the kernel keeps track of. */
export interface OpenFlow {
  /** How long no packet has come or gone, in milliseconds. */
  readonly idleMs: number
}

/** The kernel's own timeout of an established connection, in seconds, unless it says another. */
const USUAL_TIMEOUT_S = 432_000
const TIMEOUT_PATH = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established'

/** So many addresses are worth a listing. */
const MANY = 3

/** The open TCP connections to an address, by whatever way they came. @throws ShoalError when conntrack fails */
export async function openFlows(run: Run, address: string): Promise<OpenFlow[]> {
  const listing = await mustRun(run, 'conntrack', ['-L', '-p', 'tcp', '--reply-src', address])
  return listing.trim() === '' ? [] : parseFlows(listing, await establishedTimeout())
}

/**
 * A connection is forgotten when nothing has come for the timeout; what is left of it tells how long that is now. One
 * whose first packet is still to be answered is never idle: its client sends the packet again, a second later, then two,
 * then four.
 * @param timeoutS of an established connection, in seconds
 */
export function parseFlows(listing: string, timeoutS = USUAL_TIMEOUT_S): OpenFlow[] {
  return listing.split('\n').flatMap((line) => {
    const [, left, state] = /^tcp\s+6\s+(\d+)\s+(SYN_SENT|SYN_RECV|ESTABLISHED)\s/u.exec(line) ?? []
    if (left === undefined) return []
    return [{ idleMs: state === 'ESTABLISHED' ? Math.max(0, timeoutS - Number(left)) * 1000 : 0 }]
  })
}

async function establishedTimeout(): Promise<number> {
  try {
    return Number(await readFile(TIMEOUT_PATH, 'utf8'))
  } catch {
    return USUAL_TIMEOUT_S
  }
}

/**
 * A UDP "connection" lasts as long as packets come, and would go to an endpoint that is no more for ever. Forgotten,
 * its next packet is a new connection, and goes where those go.
 */
export async function forgetUdp(run: Run, addresses: readonly string[]): Promise<void> {
  await forget(run, addresses, ['-p', 'udp'])
}

/** Of an address that is nobody's any more: a client that still sends there is reset, and can connect anew. */
export async function forgetAll(run: Run, addresses: readonly string[]): Promise<void> {
  await forget(run, addresses, [])
}

/** The kernel looks through its whole table each time, however few flows there are: many addresses are looked up at once. */
async function forget(run: Run, addresses: readonly string[], what: readonly string[]): Promise<void> {
  const present = addresses.length < MANY ? addresses : await withFlows(run, addresses, what)
  for (const address of present) await run('conntrack', ['-D', ...what, '--reply-src', address])
}

async function withFlows(
  run: Run,
  addresses: readonly string[],
  what: readonly string[],
): Promise<readonly string[]> {
  const { code, stdout } = await run('conntrack', ['-L', ...what])
  if (code !== 0) return addresses
  const answering = new Set(stdout.split('\n').map(answererOf))
  return addresses.filter((address) => answering.has(address))
}

/** @param line of a flow: first where its packets come from and go to, then the same of the answers */
function answererOf(line: string): string {
  const start = line.lastIndexOf(' src=') + ' src='.length
  return line.slice(start, line.indexOf(' ', start))
}
