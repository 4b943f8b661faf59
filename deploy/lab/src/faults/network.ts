import { mustRun, onHost } from '../machine.js'

/**
 * All that comes and goes over the machine's network is thrown away without a word: established connections stay, and
 * are silent; new ones wait. What the machine forwards for its containers is no exception.
 */
const RULES = `
table inet shoal_lab_cut {
  chain come { type filter hook prerouting priority -400; iifname "eth0" drop; }
  chain go { type filter hook postrouting priority 400; oifname "eth0" drop; }
}`

/**
 * Cuts a machine off from all others. @returns the moment just before, in milliseconds since the epoch
 * @throws Error when it is cut off already
 */
export async function cutOff(machine: string): Promise<number> {
  if (await isCutOff(machine)) throw new Error(`${machine} is cut off already`)
  return Number(await mustRun(machine, ['sh', '-c', 'date +%s%3N && nft "$0"', RULES]))
}

/** Lets it reach the others again. @throws Error when it is not cut off */
export async function heal(machine: string): Promise<void> {
  if (!(await isCutOff(machine))) throw new Error(`${machine} is not cut off`)
  await mustRun(machine, ['nft', 'delete table inet shoal_lab_cut'])
}

export async function isCutOff(machine: string): Promise<boolean> {
  return (await onHost(machine, ['nft', 'list table inet shoal_lab_cut'])).code === 0
}
