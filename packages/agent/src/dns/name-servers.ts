import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Clock } from '@shoal/common'

const RESOLV_CONF = '/etc/resolv.conf'
/** Whom systemd-resolved asks itself: for when its own listener, 127.0.0.53, is not there for us. */
const SYSTEMD_RESOLV_CONF = '/run/systemd/resolve/resolv.conf'
const SYSTEMD_STUBS = ['127.0.0.53', '127.0.0.54']

const REREAD_MS = 5_000

/** The name servers of a resolv.conf, in order. Lines that are none are skipped, as every resolver does. */
export function parseNameServers(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address.split('%')[0]!) !== 0)
}

/** Those that follow systemd's own listener are asked when it does not answer. */
export function mergeNameServers(own: readonly string[], systemd: readonly string[]): string[] {
  const stubbed = own.some((address) => SYSTEMD_STUBS.includes(address))
  return stubbed ? [...new Set([...own, ...systemd])] : [...own]
}

/**
 * The host's name servers, read anew when they were last read more than five seconds ago. Those on the loopback are
 * kept: it is the host that asks them, on behalf of its containers.
 */
export function hostNameServers(clock: Clock): () => Promise<readonly string[]> {
  let known: Promise<readonly string[]> | undefined
  let readAt = 0
  return () => {
    const now = clock.now()
    if (!known || now - readAt > REREAD_MS) {
      readAt = now
      known = readNameServers()
    }
    return known
  }
}

async function readNameServers(): Promise<string[]> {
  const [own, systemd] = await Promise.all([RESOLV_CONF, SYSTEMD_RESOLV_CONF].map(readIfThere))
  return mergeNameServers(parseNameServers(own!), parseNameServers(systemd!))
}

/** A host without the file has no name servers, and its questions fail. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return ''
  }
}
