import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ShoalError } from '@shoal/common'
import { mustRun, type Run } from '../apply/run.js'
import type { Firewall, ObservedHost, ObservedPeers } from './observed.js'
import { IP_QUERIES, parseFirewall, parseForwarding, parseIp, parseNeighbours, slicesOf } from './parse.js'

/** The kernel's settings as this process's network namespace has them. */
const PROC_SYS = '/proc/sys'

/**
 * Looks at what the kernel has but for the entries of peers: two programs, whatever there is.
 * @param sysctls the settings to be read, as paths below /proc/sys
 * @throws ShoalError when a program is missing or fails
 */
export async function observeHost(run: Run, sysctls: Iterable<string>): Promise<ObservedHost> {
  const [ip, firewall, settings] = await Promise.all([
    mustRun(run, 'ip', ['-j', '-d', '-batch', '-'], IP_QUERIES),
    readFirewall(run),
    readSysctls(sysctls),
  ])
  return { ...parseIp(ip), firewall, sysctls: settings }
}

/** Looks at the entries of peers. @throws ShoalError when a program is missing or fails */
export async function observePeers(run: Run): Promise<ObservedPeers> {
  const [neighbours, forwarding] = await Promise.all([
    mustRun(run, 'ip', ['-j', 'neigh', 'show', 'nud', 'permanent']),
    mustRun(run, 'bridge', ['-j', 'fdb', 'show']),
  ])
  const seen = {
    neighbours: new Map<string, string>(),
    forwarding: new Map<string, string>(),
    switching: new Set<string>(),
  }
  await readSlowly(neighbours, (slice) => {
    for (const [key, mac] of parseNeighbours(slice)) seen.neighbours.set(key, mac)
  })
  await readSlowly(forwarding, (slice) => {
    const parsed = parseForwarding(slice)
    for (const [key, host] of parsed.forwarding) seen.forwarding.set(key, host)
    for (const key of parsed.switching.keys()) seen.switching.add(key)
  })
  return seen
}

/** Others get their turn in between. */
async function readSlowly(text: string, take: (slice: readonly unknown[]) => void): Promise<void> {
  for (const slice of slicesOf(text)) {
    take(slice)
    await setImmediate()
  }
}

/** A host without iptables has no rules of Docker's that could be in our way. */
async function readFirewall(run: Run): Promise<Firewall | undefined> {
  try {
    return parseFirewall(await mustRun(run, 'iptables', ['-w', '-S']))
  } catch (error) {
    if (error instanceof ShoalError && error.code === 'failed-precondition') return undefined
    throw error
  }
}

async function readSysctls(paths: Iterable<string>): Promise<Map<string, string | undefined>> {
  const entries = [...paths].map(async (path): Promise<[string, string | undefined]> => {
    try {
      return [path, (await readFile(join(PROC_SYS, path), 'utf8')).trim()]
    } catch {
      return [path, undefined]
    }
  })
  return new Map(await Promise.all(entries))
}
