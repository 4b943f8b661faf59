import { type LabMachine, mustRun } from '@shoal/lab'

/** The kernel counts CPU time in hundredths of a second on every machine that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU time so far, in seconds. */
export interface Usage {
  readonly manager: number
  readonly agents: number
  readonly engines: number
}

const FILES = {
  manager: '/run/shoal/manager.pid',
  agent: '/run/shoal/agent.pid',
  engine: '/var/run/docker.pid',
} as const

/** Of the daemons of a lab whose first host is its manager. */
export async function usageOf(hosts: readonly LabMachine[]): Promise<Usage> {
  const of = async (name: keyof typeof FILES, machines: readonly LabMachine[]): Promise<number> => {
    const seconds = await Promise.all(machines.map((machine) => cpuSeconds(machine.name, FILES[name])))
    return seconds.reduce((sum, one) => sum + one, 0)
  }
  return {
    manager: await of('manager', hosts.slice(0, 1)),
    agents: await of('agent', hosts),
    engines: await of('engine', hosts),
  }
}

async function cpuSeconds(host: string, pidFile: string): Promise<number> {
  const stat = await mustRun(host, ['sh', '-c', `cat "/proc/$(cat ${pidFile})/stat"`])
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export function usedBetween(before: Usage, after: Usage): Usage {
  return {
    manager: after.manager - before.manager,
    agents: after.agents - before.agents,
    engines: after.engines - before.engines,
  }
}
