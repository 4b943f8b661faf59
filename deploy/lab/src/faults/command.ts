import { Command } from 'commander'
import { etcdName, hostName, type LabMachine, machines } from '../hosts.js'
import { notUp } from '../lab.js'
import { fillDisk, freeDisk } from './disk.js'
import { faultsOf, runsOn } from './in-force.js'
import { cutOff, heal } from './network.js'
import {
  crash,
  isMachinePaused,
  pause,
  pauseMachine,
  PROCESSES,
  type ProcessName,
  restart,
  resume,
  resumeMachine,
  start,
  stop,
} from './processes.js'

const HOST = 'a host by its number or name (2), or a member of etcd (etcd-2)'
const PROCESS = PROCESSES.join(', ')

const EXAMPLES = `
Examples:
  npm run lab -- fault crash manager 1
  npm run lab -- fault pause host 1      # and: fault resume host 1
  npm run lab -- fault cut 2             # and: fault heal 2
  npm run lab -- fault stop etcd etcd-3  # and: fault start etcd etcd-3
  npm run lab -- fault restart dockerd 2
  npm run lab -- fault fill 3            # and: fault free 3; needs: up --disk 1024`

/** `lab fault …`. @param labName which lab it is about */
export function faultCommand(labName: () => string, say: (text: string) => void): Command {
  const command = new Command('fault')
    .description('make a process, a host, its network or its disk fail, and undo it')
    .addHelpText('after', EXAMPLES)

  const onProcess = (
    verb: string,
    description: string,
    act: (machine: string, name: ProcessName) => Promise<unknown>,
    onMachine?: (machine: string) => Promise<void>,
  ): void => {
    command
      .command(verb)
      .argument('<process>', onMachine ? `${PROCESS}; or host: the whole machine` : PROCESS)
      .argument('<machine>', HOST)
      .description(description)
      .action(async (process: string, machine: string) => {
        const found = await machineOf(labName(), machine)
        if (process === 'host' && onMachine) await onMachine(found.name)
        else await act(reachable(found), processOf(process, found))
        say(`${verb} ${process} ${found.name}: done`)
      })
  }
  const onMachine = (verb: string, description: string, act: (machine: string) => Promise<unknown>): void => {
    command
      .command(verb)
      .argument('<machine>', HOST)
      .description(description)
      .action(async (machine: string) => {
        const name = reachable(await machineOf(labName(), machine))
        await act(name)
        say(`${verb} ${name}: done`)
      })
  }

  onProcess('crash', 'kill -9; what supervises it starts it again', crash)
  onProcess('stop', 'kill -9, and keep it away', stop)
  onProcess('start', 'start what was stopped (of manager and agent: both, as after a reboot)', start)
  onProcess('restart', 'ask it to end (SIGTERM), and start it again', restart)
  onProcess('pause', 'SIGSTOP: it stands still, and nobody is told', pause, pauseMachine)
  onProcess('resume', 'SIGCONT', resume, resumeMachine)
  onMachine('cut', 'cut a machine off from all others: connections stay, and are silent', cutOff)
  onMachine('heal', 'let it reach the others again', heal)
  onMachine('fill', 'fill its disk to the last byte (a lab that is up with --disk)', fillDisk)
  onMachine('free', 'give the space back', freeDisk)
  command
    .command('ls')
    .description('list the faults that are in force')
    .action(async () => {
      for (const { name, role, running } of await machinesOf(labName())) {
        const isUp = running || (await isMachinePaused(name))
        const faults = isUp ? await faultsOf(name, role) : ['switched off']
        console.log(`${name.padEnd(24)} ${faults.join(', ') || '-'}`)
      }
    })
  return command
}

async function machinesOf(lab: string): Promise<LabMachine[]> {
  const found = await machines(lab)
  if (found.length === 0) throw new Error(notUp(lab))
  return found
}

/** @throws Error naming the machines that there are */
async function machineOf(lab: string, asked: string): Promise<LabMachine> {
  const found = await machinesOf(lab)
  const [, etcd] = /^etcd-?(\d+)$/.exec(asked) ?? []
  const [, host] = /^(?:host)?(\d+)$/.exec(asked) ?? []
  const name = etcd ? etcdName(lab, Number(etcd)) : host ? hostName(lab, Number(host)) : asked
  const machine = found.find((candidate) => candidate.name === name)
  if (machine) return machine
  const names = found.map((candidate) => candidate.name.slice(`shoal-${lab}-`.length)).join(', ')
  throw new Error(`the lab "${lab}" has no machine "${asked}"; there are: ${names}`)
}

/** @throws Error when nothing can be done on it */
function reachable({ name, running }: LabMachine): string {
  if (!running) throw new Error(`${name} is paused or switched off`)
  return name
}

/** @throws Error naming the processes that there are */
function processOf(asked: string, { name, role }: LabMachine): ProcessName {
  const found = PROCESSES.find((process) => process === asked)
  if (!found) throw new Error(`unknown process "${asked}"; there are: ${PROCESS}`)
  if (!runsOn(role, found)) throw new Error(`${name} runs no ${found}`)
  return found
}
