import { Command } from 'commander'
import { execute } from './docker.js'
import { faultCommand } from './faults/command.js'
import { hostName, machines } from './hosts.js'
import { down, environment, etcdMembers, load, up } from './lab.js'
import { onHost } from './machine.js'

const say = (text: string): void => void process.stderr.write(`lab: ${text}\n`)

// The lab lives on this machine's engine, also in a shell that has evaluated `lab env` or `ctl env`.
for (const name of ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'])
  delete process.env[name]

const program = new Command('npm run lab --')
  .description(
    'Several Docker hosts on one machine, each a container with its own Docker Engine inside, joined into one cluster.',
  )
  .option('--name <lab>', 'which lab, when there are several', 'lab')
  .enablePositionalOptions()

const labName = (): string => program.opts<{ name: string }>().name

interface UpOptions {
  readonly hosts: number
  readonly managers: number
  readonly etcd?: number
  readonly store?: string
  readonly disk?: number
  readonly bare?: boolean
}

program
  .command('up')
  .description('start the hosts and form the cluster')
  .option('--hosts <n>', 'how many Docker hosts', Number, 3)
  .option('--managers <n>', 'how many of them are managers', Number, 1)
  .option(
    '--etcd <n>',
    'keep the state in an etcd with so many members (0: in a folder of the manager)',
    Number,
  )
  .option('--store <kind>', 'etcd: the short form of --etcd 1; embedded: of --etcd 0')
  .option(
    '--disk <MiB>',
    'give each host a disk of its own of this size, and members of etcd a small one, for fault fill',
    Number,
  )
  .option('--bare', 'only the hosts, no cluster')
  .action(async ({ store, etcd, disk, ...options }: UpOptions) => {
    const diskMb = disk === undefined ? {} : { diskMb: disk }
    await up({ ...options, ...diskMb, etcd: etcdMembers(store, etcd), lab: labName(), say })
    say('up. Next:')
    say('  eval "$(npm run -s lab -- env)"      # docker and ctl speak to the lab')
    say('  docker node ls')
    say('  npm run lab -- exec 1 -- docker ps   # look inside a host')
    say('  npm run lab -- down')
  })

program
  .command('down')
  .description('end the lab and remove all that belongs to it')
  .action(async () => {
    await down(labName())
    say('ended')
  })

program
  .command('status')
  .description('list the machines of the lab and the nodes of its cluster')
  .action(async () => {
    const found = await machines(labName())
    if (found.length === 0) return say(`the lab "${labName()}" is not up`)
    for (const { name, role, address, running } of found) {
      console.log(
        `${name.padEnd(24)} ${role.padEnd(6)} ${address.padEnd(16)} ${running ? 'running' : 'stopped'}`,
      )
    }
    const { code, stdout, stderr } = await onHost(hostName(labName(), 1), ['ctl', 'node', 'ls'])
    console.log(code === 0 ? `\n${stdout}` : `\nno cluster: ${stderr.trim() || 'ctl does not answer'}`)
  })

program
  .command('env')
  .description('print the exports that point docker and ctl at the lab')
  .action(async () => {
    for (const [name, value] of Object.entries(await environment(labName())))
      console.log(`export ${name}="${value}"`)
  })

program
  .command('exec')
  .argument('<host>', 'its number (1, 2, …) or its name')
  .argument('<command...>')
  .passThroughOptions()
  .description('run a command on a host: exec <host> -- <command>')
  .action(async (host: string, command: string[]) => {
    const name = /^\d+$/.test(host) ? hostName(labName(), Number(host)) : host
    const tty = process.stdin.isTTY && process.stdout.isTTY ? ['-it'] : ['-i']
    // With passThroughOptions, commander hands the separator on.
    const words = command[0] === '--' ? command.slice(1) : command
    const { code } = await execute('docker', ['exec', ...tty, name, ...words], { interactive: true })
    process.exitCode = code
  })

program
  .command('load')
  .argument('<image>')
  .description("copy an image of this machine's engine into every host")
  .action((image: string) => load(labName(), image))

program.addCommand(faultCommand(labName, say))

try {
  await program.parseAsync()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
