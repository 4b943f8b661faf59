import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { AddressBook } from '@shoal/manager/allocator/index'
import { type ApiOptions, createApi, EventLog, WriteQueue } from '@shoal/manager/api/index'
import { joinTokens, rotateJoinToken, tlsInfoOf } from '@shoal/manager/ca/index'
import type { LiveState } from '@shoal/manager/state/index'
import { type Benchmark, median, rounded } from './benchmark.js'
import { fillCluster } from './scheduler/cluster.js'

const SHAPE = { nodes: 200, tasks: 10_000, services: 1_000, constrained: false, placed: true }
/** Before it counts: code that runs for the first time is slow. */
const WARM_UP = 5

/** What the docker CLI asks for, and within how many milliseconds it is to be answered. */
const CALLS: readonly { readonly name: string; readonly path: string; readonly goalMs: number }[] = [
  { name: 'service-ls-ms', path: '/services?status=true', goalMs: 150 },
  { name: 'service-ps-ms', path: `/tasks?filters=${query({ service: ['service-500'] })}`, goalMs: 50 },
  { name: 'node-ls-ms', path: '/nodes', goalMs: 30 },
]

/**
 * A thousand services with 10 000 running tasks on 200 nodes in the state, and the API over it on a socket: the time
 * from a request's head to the last byte of its answer, on the server's side; the median counts.
 */
export const api: Benchmark = async ({ rounds, say }) => {
  say('filling a cluster …')
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-api-'))
  const socketPath = join(folder, 'api.sock')
  const server = createApi(optionsOf(await fillCluster(SHAPE)))
  let tookMs = 0
  server.addHook('onResponse', async (_request, reply) => void (tookMs = reply.elapsedTime))
  await server.listen({ path: socketPath })
  const agent = new Agent({ keepAlive: true })
  try {
    const results = []
    for (const { name, path, goalMs } of CALLS) {
      say(`${path.split('?')[0]}, ${rounds} times …`)
      const times: number[] = []
      let bytes = 0
      for (let round = -WARM_UP; round < rounds; round++) {
        bytes = await ask(socketPath, path, agent)
        if (round >= 0) times.push(tookMs)
      }
      const note = `the goal is ${goalMs}; at the most ${rounded(Math.max(...times))}; ${bytes} bytes`
      results.push({ name, value: rounded(median(times)), unit: 'ms', note } as const)
    }
    return results
  } finally {
    agent.destroy()
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

/** @returns how many bytes the answer has, when the server is done with it */
function ask(socketPath: string, path: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length)).once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode === 200) setImmediate(resolve, bytes)
        else reject(new Error(`${path} is answered ${answer.statusCode}`))
      })
    }).once('error', reject)
  })
}

function optionsOf(state: LiveState): ApiOptions {
  const { signal } = new AbortController()
  return {
    state,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    ca: { joinTokens, rotateJoinToken, tlsInfoOf },
    book: new AddressBook({ state, clock: systemClock }).follow(signal),
    events: new EventLog(state, systemClock),
    writes: new WriteQueue(),
    facts: {
      version: 'bench',
      gitCommit: '',
      buildTime: '',
      nodeId: 'bench',
      hostname: 'bench',
      advertiseAddress: '127.0.0.1',
      architecture: 'amd64',
      kernelVersion: '',
      operatingSystem: '',
      managers: () => [],
      managerStatus: ({ ManagerStatus }) => ManagerStatus,
    },
  }
}

function query(filters: object): string {
  return encodeURIComponent(JSON.stringify(filters))
}
