import { mustRun, onHost } from '@shoal/lab'
import type { Machine } from './paths.js'
import { TOOL_ENVIRONMENT, WRK } from './tools.js'

/** What is measured, each with wrk: requests, new connections, bytes. */
export const MEASURES = ['keepalive', 'connect', 'bulk'] as const
export type Measure = (typeof MEASURES)[number]

const SECONDS = 1
const ARGUMENTS: { readonly [One in Measure]: (base: string) => string[] } = {
  keepalive: (base) => ['-t1', '-c32', base],
  connect: (base) => ['-t1', '-c32', '-H', 'Connection: close', base],
  bulk: (base) => ['-t1', '-c8', `${base}bulk`],
}

/** Requests, connections or bytes per second. */
export interface Sample {
  readonly perSecond: number
  /** Requests that failed, of so many. */
  readonly failed: number
  readonly requests: number
}

const NAMESPACE = 'bench-client'
const IN_NAMESPACE = ['ip', 'netns', 'exec', NAMESPACE]
const WIRE = { client: 'bench-wire', host: 'bench-wire-host', prefix: 30 } as const

/**
 * A machine outside of the cluster, on a wire of its own to one host: a network namespace there, and a veth pair. On
 * the lab's network every packet would pass the filters of the machine beneath as well, at the same cost for all paths.
 */
export class Client {
  readonly address = '198.18.0.2'
  /** The host's address on the wire: where the client asks, and its way to everything else. */
  readonly hostAddress = '198.18.0.1'
  readonly #host: string

  private constructor(host: string) {
    this.#host = host
  }

  static async start({ name }: Machine): Promise<Client> {
    const client = new Client(name)
    const { client: mine, host: theirs, prefix } = WIRE
    await mustRun(name, ['ip', 'netns', 'add', NAMESPACE])
    const pair = ['type', 'veth', 'peer', 'name', mine, 'netns', NAMESPACE]
    await mustRun(name, ['ip', 'link', 'add', theirs, ...pair])
    await mustRun(name, ['ip', 'addr', 'add', `${client.hostAddress}/${prefix}`, 'dev', theirs])
    await mustRun(name, ['ip', 'link', 'set', theirs, 'up'])
    await client.run('ip', 'addr', 'add', `${client.address}/${prefix}`, 'dev', mine)
    await client.run('ip', 'link', 'set', mine, 'up')
    await client.run('ip', 'route', 'add', 'default', 'via', client.hostAddress)
    return client
  }

  /** Runs a command there. @returns what it printed @throws Error when it fails */
  run(...command: string[]): Promise<string> {
    return mustRun(this.#host, [...IN_NAMESPACE, ...command])
  }

  /** @param address `host:port` @returns whether there is an answer by HTTP within a second */
  async isAnswered(address: string): Promise<boolean> {
    const command = ['curl', '-sf', '-m', '1', '-o', '/dev/null', `http://${address}/`]
    return (await onHost(this.#host, [...IN_NAMESPACE, ...command])).code === 0
  }

  /** @param address `host:port` @throws Error when wrk fails */
  async measure(measure: Measure, address: string): Promise<Sample> {
    const args = ARGUMENTS[measure](`http://${address}/`)
    return parseWrk(
      await this.run('env', TOOL_ENVIRONMENT, WRK, '--timeout', '30s', `-d${SECONDS}s`, ...args),
      measure,
    )
  }
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 }

/** Reads wrk's report. @throws Error when it is none */
export function parseWrk(text: string, measure: Measure): Sample {
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  const rate = Number(/Requests\/sec: *([\d.]+)/.exec(text)?.[1])
  const [, amount, unit] = /Transfer\/sec: *([\d.]+)([KMG]?B)/.exec(text) ?? []
  if (Number.isNaN(requests) || Number.isNaN(rate) || unit === undefined)
    throw new Error(`wrk did not report: ${text}`)
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0)
  const failed = bad + (errors?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0)
  const bytes = Number(amount) * UNITS[unit]!
  return { perSecond: measure === 'bulk' ? bytes : rate, failed, requests }
}
