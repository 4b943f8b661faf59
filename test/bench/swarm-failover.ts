import { request } from 'node:http'
import { down, hosts, type LabMachine, mustRun, start, stop, up } from '@shoal/lab'
import { eventually } from '../support/index.js'
import { type Ask, Writer } from './writer.js'

const PORT = 2375
const PATIENCE_MS = 120_000
/** A request that hangs is given up by then, so that it does not count against the next leader. */
const ANSWER_WITHIN_MS = 2_000
/** Swarm mode does not work with live-restore; the API over TCP saves the clients a program each. */
const DOCKERD = `-H unix:///var/run/docker.sock -H tcp://0.0.0.0:${PORT} --tls=false`

/**
 * Docker Swarm's own failover: three managers on hosts as Shoal's; the leader's engine is killed and kept away until
 * another manager has accepted a write.
 * @returns each round's time, in milliseconds
 */
export async function swarmFailovers(
  lab: string,
  rounds: number,
  say: (text: string) => void,
): Promise<number[]> {
  say('Docker Swarm: bringing up three hosts, all of them managers …')
  await down(lab)
  await up({ lab, hosts: 3, managers: 1, etcd: 0, bare: true, dockerd: DOCKERD, say })
  try {
    const machines = await hosts(lab)
    await formSwarm(machines)
    const times: number[] = []
    for (let round = 1; round <= rounds; round++) {
      times.push(await oneFailover(machines, `kill-${round}`))
      say(`Docker Swarm, kill -9 ${round} of ${rounds}: ${times.at(-1)} ms`)
    }
    return times
  } finally {
    await down(lab)
  }
}

async function formSwarm([first, ...others]: readonly LabMachine[]): Promise<void> {
  await mustRun(first!.name, ['docker', 'swarm', 'init', '--advertise-addr', first!.address])
  const token = await mustRun(first!.name, ['docker', 'swarm', 'join-token', '-q', 'manager'])
  // One after the other: a quorum that grows by two at once may lose itself.
  for (const { name } of others)
    await mustRun(name, ['docker', 'swarm', 'join', '--token', token, `${first!.address}:2377`])
}

async function oneFailover(machines: readonly LabMachine[], label: string): Promise<number> {
  const leader = await settledLeader(machines)
  const other = machines.find((machine) => machine !== leader)!
  const writer = new Writer(asking(other), label)
  await new Promise((resolve) => {
    setTimeout(resolve, 1_000)
  })
  const sinceMs = await stop(leader.name, 'dockerd')
  const tookMs = await writer.firstAfter(sinceMs, PATIENCE_MS)
  await writer.stop()
  await start(leader.name, 'dockerd')
  return tookMs
}

interface SwarmNode {
  readonly ManagerStatus?: {
    readonly Leader?: boolean
    readonly Reachability: string
    readonly Addr: string
  }
}

/** Waits until every manager is reachable, whichever of them is asked. @returns the one that leads */
async function settledLeader(machines: readonly LabMachine[]): Promise<LabMachine> {
  return eventually(async () => {
    for (const machine of machines) {
      const { body } = await asking(machine)('GET', '/nodes')
      const nodes = Array.isArray(body) ? (body as SwarmNode[]) : []
      const reachable = nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === 'reachable')
      if (reachable.length < machines.length) throw new Error('the managers have not settled')
      const address = reachable.find(({ ManagerStatus }) => ManagerStatus?.Leader)?.ManagerStatus?.Addr
      const leader = machines.find((candidate) => address === `${candidate.address}:2377`)
      if (leader && machine === machines.at(-1)) return leader
    }
    throw new Error('nobody leads')
  }, PATIENCE_MS)
}

function asking({ address }: LabMachine): Ask {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json' } : {}
      const call = request(
        { host: address, port: PORT, method, path: `/v1.41${path}`, headers, timeout: ANSWER_WITHIN_MS },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => (text += part))
          response.on('error', reject)
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }))
        },
      )
      call.on('timeout', () => call.destroy(new Error('no answer')))
      call.on('error', reject)
      call.end(body && JSON.stringify(body))
    })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
