import { parseArgs } from 'node:util'
import { Load } from './load.js'
import { DEFAULT_PLAN, type LoadPlan } from './plan.js'
import { failedOf } from './report.js'
import { reportTable } from './table.js'

const { rates } = DEFAULT_PLAN
const DEFAULTS = {
  path: DEFAULT_PLAN.path,
  'connect-rate': String(rates.connect),
  'keepalive-rate': String(rates.keepalive),
  'udp-rate': String(rates.udp),
  connections: String(DEFAULT_PLAN.connections),
  seconds: String(DEFAULT_PLAN.durationMs / 1000),
  timeout: String(DEFAULT_PLAN.timeoutMs),
}

const USAGE = `Usage: npm run bench -- load [options] <host:port>...

Requests at a steady rate, through all addresses in turn; every one that fails is counted.

  --connect-rate <n>    requests per second over connections of their own (${rates.connect})
  --keepalive-rate <n>  requests per second over kept connections (${rates.keepalive})
  --udp-rate <n>        datagrams per second, each from a port of its own (${rates.udp})
  --connections <n>     connections that are kept, over all addresses (${DEFAULT_PLAN.connections})
  --seconds <n>         how long (${DEFAULTS.seconds})
  --timeout <ms>        a request without an answer has failed after so long (${DEFAULTS.timeout})
  --path <path>         what is asked for (${DEFAULTS.path})`

/** `npm run bench -- load`. @returns the exit code: 1 when a request has failed */
export async function loadCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  const plan = planOf(args)
  if (!plan) {
    console.error(USAGE)
    return 2
  }
  const load = Load.start(plan)
  process.once('SIGINT', () => load.stop())
  const report = await load.report()
  console.log(reportTable(report))
  return failedOf(report) === 0 ? 0 : 1
}

/** @returns undefined when the arguments make no plan */
function planOf(args: readonly string[]): LoadPlan | undefined {
  const string = (value: string) => ({ type: 'string' as const, default: value })
  const options = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, string(value)]))
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options })
    const number = (name: keyof typeof DEFAULTS): number => {
      const value = Number(values[name])
      if (!(value >= 0)) throw new Error(`--${name} must be a number`)
      return value
    }
    if (positionals.length === 0) return undefined
    return {
      ...DEFAULT_PLAN,
      addresses: positionals,
      path: String(values['path']),
      rates: {
        connect: number('connect-rate'),
        keepalive: number('keepalive-rate'),
        udp: number('udp-rate'),
      },
      connections: number('connections'),
      durationMs: number('seconds') * 1000,
      timeoutMs: number('timeout'),
    }
  } catch (error) {
    console.error((error as Error).message)
    return undefined
  }
}
