import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AssignedTask, EndpointSet, HostDocument, NetworkPeer, NodeNetwork } from '@shoal/engine-api'
import { newId, systemRandom } from '@shoal/common'
import { down, hosts, load, onHost, up } from '@shoal/lab'
import { eventually } from '../support/eventually.js'
import { mustRunProgram } from '../support/program.js'

const VXLAN_PORT = 4789

/** Answers HTTP on 8080 and UDP on 5353 with its name and the client's address; `/slow` takes two seconds. */
const SERVER = `
const who = process.env.NAME
require('http').createServer((q, s) => {
  const reply = () => s.end(who + ' ' + q.socket.remoteAddress.replace('::ffff:', ''))
  q.url === '/slow' ? setTimeout(reply, 2000) : reply()
}).listen(8080, '0.0.0.0')
const udp = require('dgram').createSocket('udp4')
udp.on('message', (m, from) => udp.send(who + ' ' + from.address, from.port, from.address)).bind(5353)
process.on('SIGTERM', () => process.exit(0))
`

/** UDP questions, so many after one another, each from a socket of its own: the answers, a line each. */
const UDP_CLIENT = `
const [, address, port, times] = process.argv
const ask = (left) => {
  if (left === 0) process.exit()
  const socket = require('dgram').createSocket('udp4')
  const late = setTimeout(() => process.exit(1), 1000)
  socket.on('message', (m) => { console.log(String(m)); clearTimeout(late); socket.close(); ask(left - 1) })
  socket.send('?', Number(port), address)
}
ask(Number(times))
`

/** Questions over HTTP, so many after one another, each on a connection of its own: the answers, a line each. */
const HTTP_CLIENT = `
const [, address, path, times] = process.argv
const [host, port] = address.split(':')
const ask = (left) => left > 0 && require('http').get({ host, port, path: path || '/', timeout: path ? 5000 : 1000, agent: false }, (r) => {
  r.on('data', (d) => console.log(String(d))).on('end', () => ask(left - 1))
})
  .on('timeout', function () { this.destroy(new Error('timeout')) })
  .on('error', (e) => { console.error(e.code ?? e.message, e.message); process.exit(1) })
ask(Number(times))
`

interface TestNetwork {
  readonly id: string
  readonly subnet: string
  readonly vni: number
  readonly internal?: boolean
  readonly ingress?: boolean
}

export const INGRESS: TestNetwork = { id: 'ingresstest1', subnet: '10.0.0', vni: 4096, ingress: true }
export const FRONT: TestNetwork = { id: 'fronttest001', subnet: '10.0.1', vni: 4097 }
export const OTHER: TestNetwork = { id: 'othertest001', subnet: '10.0.2', vni: 4098 }
export const CLOSED: TestNetwork = { id: 'closedtest01', subnet: '10.0.3', vni: 4099, internal: true }
const NETWORKS = [INGRESS, FRONT, OTHER, CLOSED]

export interface TestTask {
  readonly name: string
  /** From 1. */
  readonly host: number
  readonly networks: readonly TestNetwork[]
  /** The last byte of its addresses. */
  readonly last: number
}

/** A service `web` on FRONT with the VIP .200, published on 8080/tcp and 5353/udp, with these tasks as endpoints. */
export interface TestState {
  readonly tasks: readonly TestTask[]
  /** The names of the tasks that take new connections. */
  readonly endpoints: readonly string[]
}

export const VIP = `${FRONT.subnet}.200`
export const PORT = 8080
export const UDP_PORT = 5353

interface Answer {
  readonly done?: boolean
  readonly error?: string
  readonly taskId?: string
  readonly State?: string
  readonly Err?: string
}

/** A Docker host with the network's part of an agent. */
export class NetworkHost {
  readonly name: string
  readonly address: string
  readonly index: number
  readonly reports: string[] = []
  #process: ChildProcessWithoutNullStreams | undefined
  #answered: (answer: Answer) => void = () => undefined

  constructor(name: string, address: string, index: number) {
    this.name = name
    this.address = address
    this.index = index
  }

  startAgent(): void {
    const program = ['node', '/opt/shoal/test/support/network-host.mjs', `node${this.index}`]
    const child = spawn('docker', ['exec', '-i', this.name, ...program])
    child.stderr.on('data', (data) => process.env['SHOAL_TEST_LOG'] && process.stderr.write(data))
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line))
    this.#process = child
  }

  /** Kills it, as a crash would. */
  async killAgent(): Promise<void> {
    await this.run('sh', '-c', 'kill -9 $(pgrep -f [n]etwork-host.mjs)')
    this.#process = undefined
  }

  tell(command: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered = ({ error }) => (error === undefined ? resolve() : reject(new Error(error)))
      this.#process!.stdin.write(`${JSON.stringify(command)}\n`)
    })
  }

  async run(...command: string[]): Promise<string> {
    const { stdout, stderr, code } = await onHost(this.name, command)
    if (code !== 0) throw new Error(`${this.name}: ${stderr || stdout || `exit code ${code}`}`)
    return stdout.trim()
  }

  /** Asks over HTTP from the host itself, so many times. @returns the answers, a line each */
  ask(address: string, times = 1): Promise<string> {
    const each = Array.from({ length: times }, () => `http://${address}`)
    return this.run(
      'curl',
      '-s',
      '-S',
      '-m',
      '1',
      '-H',
      'Connection: close',
      '-w',
      '\\n',
      '--fail-early',
      ...each,
    )
  }

  /** The same from the container of a task. */
  askFrom(task: string, address: string, times = 1): Promise<string> {
    const question = [HTTP_CLIENT, address, '', String(times)]
    return this.run('docker', 'exec', taskContainer(task, this.index), '/node', '-e', ...question)
  }

  /** The same over UDP, from the host itself. */
  askUdp(address: string, times = 1): Promise<string> {
    return this.run('node', '-e', UDP_CLIENT, address, String(UDP_PORT), String(times))
  }

  #read(line: string): void {
    if (!line.startsWith('ANSWER '))
      return void (process.env['SHOAL_TEST_LOG'] && console.error(this.name, line))
    const answer = JSON.parse(line.slice(7)) as Answer
    if (answer.taskId === undefined) this.#answered(answer)
    else
      this.reports.push(
        `${answer.taskId} ${answer.State}${answer.Err === undefined ? '' : `: ${answer.Err}`}`,
      )
  }
}

export const taskContainer = (task: string, host: number): string => `web.node${host}.${task}`

/** The demo's image, for the Node.js in it. */
async function demoImage(): Promise<string> {
  const module = fileURLToPath(new URL('../../scripts/lib/demo-image.mjs', import.meta.url))
  await mustRunProgram('node', ['-e', `import('${module}').then((m) => m.ensureDemoImage('1'))`])
  return 'shoal-demo:1'
}

export interface TestClient {
  readonly address: string
  /** Asks over HTTP, so many times. @returns the answers, a line each */
  ask(address: string, times?: number): Promise<string>
  /** Asks for what takes two seconds. */
  askSlowly(address: string): Promise<string>
  askUdp(address: string, times?: number): Promise<string>
  close(): Promise<void>
}

export class NetworkScene {
  readonly #lab: string
  readonly #clients: string[] = []
  hosts: NetworkHost[] = []

  constructor(lab: string) {
    this.#lab = lab
  }

  async open(count: number): Promise<void> {
    const quiet = {
      lab: this.#lab,
      hosts: count,
      managers: 1,
      etcd: 0,
      bare: true,
      say: () => {},
    } as const
    if ((await hosts(this.#lab)).length === 0) {
      await up(quiet)
      await load(this.#lab, await demoImage())
    }
    this.hosts = (await hosts(this.#lab)).map(
      ({ name, address }, index) => new NetworkHost(name, address, index + 1),
    )
    for (const host of this.hosts) host.startAgent()
  }

  /** Somebody outside the cluster: a container beside the hosts. */
  async client(): Promise<TestClient> {
    const name = `shoal-${this.#lab}-client-${newId(systemRandom).slice(0, 6)}`
    const network = ['--network', `shoal-${this.#lab}`]
    await mustRunProgram('docker', ['run', '-d', '--name', name, ...network, 'shoal-demo:1'])
    this.#clients.push(name)
    const node = (...args: string[]): Promise<string> =>
      mustRunProgram('docker', ['exec', name, '/node', '-e', ...args]).then((text) => text.trim())
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    return {
      address: (await mustRunProgram('docker', ['inspect', '-f', format, name])).trim(),
      ask: (address, times = 1) => node(HTTP_CLIENT, address, '', String(times)),
      askSlowly: (address) => node(HTTP_CLIENT, address, '/slow', '1'),
      askUdp: (address, times = 1) => node(UDP_CLIENT, address, String(UDP_PORT), String(times)),
      close: async () => void (await mustRunProgram('docker', ['rm', '-f', name])),
    }
  }

  async close(): Promise<void> {
    if (this.#clients.length > 0) await mustRunProgram('docker', ['rm', '-f', ...this.#clients])
    if (!process.env['SHOAL_KEEP_LAB']) await down(this.#lab)
  }

  /** Tells every host what it has to know, and waits until it is in force and the tasks run. */
  async tell(state: TestState): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.tell(this.commandFor(host, state))))
  }

  /** Waits until all tasks run and one answers. @throws Error when they do not */
  async allRun({ tasks }: TestState): Promise<void> {
    await eventually(() => {
      const late = tasks.filter(
        ({ name, host }) => !this.hosts[host - 1]!.reports.includes(`${name} running`),
      )
      if (late.length > 0) throw new Error(`not running: ${late.map(({ name }) => name).join(', ')}`)
    })
    await eventually(() => this.hosts[0]!.ask(`127.0.0.1:${PORT}`))
  }

  commandFor(host: NetworkHost, state: TestState): { documents: HostDocument[]; tasks: AssignedTask[] } {
    return { documents: this.#documents(host, state), tasks: tasksOf(host, state) }
  }

  #documents(host: NetworkHost, state: TestState): HostDocument[] {
    const networks = NETWORKS.filter(
      (network) =>
        network.ingress || state.tasks.some((t) => t.host === host.index && t.networks.includes(network)),
    )
    return networks.flatMap((network): HostDocument[] => [
      { kind: 'network', id: network.id, body: this.#network(network, host) },
      ...this.#peers(network, host, state).map((body): HostDocument => ({
        kind: 'peer',
        id: `${network.id}/${body.Address}`,
        body,
      })),
      ...(network.ingress ? [{ kind: 'endpoints', id: 'web', body: endpointSet(state) } as const] : []),
    ])
  }

  #network({ id, subnet, vni, internal, ingress }: TestNetwork, host: NetworkHost): NodeNetwork {
    return {
      ID: id,
      Name: id,
      Subnet: `${subnet}.0/24`,
      Gateway: `${subnet}.1`,
      NodeGateway: `${subnet}.${1 + host.index}`,
      Vni: vni,
      DataPathPort: VXLAN_PORT,
      NodeAddress: host.address,
      Internal: internal ?? false,
      Attachable: false,
      Ingress: ingress ?? false,
    }
  }

  #peers({ id, subnet }: TestNetwork, host: NetworkHost, { tasks }: TestState): NetworkPeer[] {
    const others = this.hosts.filter((other) => other !== host)
    return others.flatMap(({ index, address }): NetworkPeer[] => {
      const common = { NetworkID: id, NodeID: `node${index}`, NodeAddress: address }
      const there = tasks.filter(
        (task) => task.host === index && task.networks.some((network) => network.id === id),
      )
      return [
        { ...common, Address: `${subnet}.${1 + index}`, Gateway: true },
        ...there.map(({ last }) => ({ ...common, Address: `${subnet}.${last}`, Gateway: false })),
      ]
    })
  }
}

function endpointSet({ tasks, endpoints }: TestState): EndpointSet {
  return {
    ServiceID: 'web',
    ServiceName: 'web',
    Mode: 'vip',
    Networks: [{ NetworkID: FRONT.id, VirtualIP: VIP, Aliases: [] }],
    Ports: [
      { Protocol: 'tcp', PublishedPort: PORT, TargetPort: 8080 },
      { Protocol: 'udp', PublishedPort: UDP_PORT, TargetPort: 5353 },
    ],
    Endpoints: tasks
      .filter(({ name }) => endpoints.includes(name))
      .map((task) => ({
        TaskID: task.name,
        Name: taskContainer(task.name, task.host),
        NodeID: `node${task.host}`,
        Addresses: Object.fromEntries(task.networks.map(({ id, subnet }) => [id, `${subnet}.${task.last}`])),
        Weight: 1,
      })),
  }
}

function tasksOf(host: NetworkHost, { tasks }: TestState): AssignedTask[] {
  return tasks
    .filter((task) => task.host === host.index)
    .map(({ name, networks, last }) => ({
      ID: name,
      ServiceID: 'web',
      ServiceName: 'web',
      ServiceLabels: {},
      NodeID: `node${host.index}`,
      DesiredState: 'running',
      Spec: {
        ContainerSpec: { Image: 'shoal-demo:1', Command: ['/node', '-e', SERVER], Env: [`NAME=${name}`] },
        Networks: networks.map(({ id }) => ({ Target: id })),
      },
      Ports: [],
      Attachments: networks.map(({ id, subnet }) => ({
        NetworkID: id,
        Address: `${subnet}.${last}`,
        Aliases: [],
      })),
    }))
}
