import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common'
import { mustRun, type Run } from '../apply/run.js'
import type { Firewall, Observed } from './observed.js'
import { IP_QUERIES, parseFirewall, parseForwarding, parseIp } from './parse.js'

/** The kernel's settings as this process's network namespace has them. */
const PROC_SYS = '/proc/sys'

/**
 * Looks at the kernel: three programs, whatever there is.
 * @param sysctls the settings to be read, as paths below /proc/sys
 * @throws ShoalError when a program is missing or fails
 */
export async function observe(run: Run, sysctls: Iterable<string>): Promise<Observed> {
  const [ip, forwarding, firewall, settings] = await Promise.all([
    mustRun(run, 'ip', ['-j', '-d', '-batch', '-'], IP_QUERIES),
    mustRun(run, 'bridge', ['-j', 'fdb', 'show']),
    readFirewall(run),
    readSysctls(sysctls),
  ])
  return { ...parseIp(ip), ...parseForwarding(forwarding), firewall, sysctls: settings }
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
