import { docker, mustRun, networkName } from '@shoal/lab'
import { MOUNT, TOOL_ENVIRONMENT, WRK } from './tools.js'

/** What is measured, each with wrk: requests, new connections, bytes. */
export const MEASURES = ['keepalive', 'connect', 'bulk'] as const
export type Measure = (typeof MEASURES)[number]

const SECONDS = 3
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

/** A machine outside of the cluster, on the same network as the lab's hosts. */
export class Client {
  readonly name: string
  readonly address: string

  private constructor(name: string, address: string) {
    this.name = name
    this.address = address
  }

  static async start(lab: string, image: string): Promise<Client> {
    const name = clientName(lab)
    await Client.remove(lab)
    const mount = `${MOUNT.source}:${MOUNT.target}:ro`
    const network = ['--network', networkName(lab), '--cap-add', 'NET_ADMIN']
    await docker(['run', '-d', '--init', '--name', name, ...network, '-v', mount, image, 'sleep', 'infinity'])
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    return new Client(name, await docker(['inspect', '-f', format, name]))
  }

  static async remove(lab: string): Promise<void> {
    await docker(['rm', '-f', clientName(lab)]).catch(() => undefined)
  }

  /** Runs a command there. @returns what it printed @throws Error when it fails */
  run(...command: string[]): Promise<string> {
    return mustRun(this.name, command)
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

const clientName = (lab: string): string => `shoal-${lab}-client`

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
