import { isDiskFull } from './disk.js'
import { isCutOff } from './network.js'
import { isMachinePaused, isStopped, PROCESSES, type ProcessName, processState } from './processes.js'

/** The faults that are in force on a machine, each in a few words. */
export async function faultsOf(machine: string, role: 'host' | 'etcd'): Promise<string[]> {
  if (await isMachinePaused(machine)) return ['paused']
  const found: string[] = []
  if (await isCutOff(machine)) found.push('cut off')
  if (await isDiskFull(machine)) found.push('disk full')
  for (const name of PROCESSES.filter((process) => runsOn(role, process))) {
    const state = await processState(machine, name)
    if (state === 'paused') found.push(`${name} paused`)
    if (state === 'ended' && (await isStopped(machine, name))) found.push(`${name} stopped`)
  }
  return found
}

/** Whether a process has its place on a machine of this role. */
export function runsOn(role: 'host' | 'etcd', name: ProcessName): boolean {
  return (role === 'etcd') === (name === 'etcd')
}
