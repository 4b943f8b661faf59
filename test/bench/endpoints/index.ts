import { setTimeout as wait } from 'node:timers/promises'
import { type Benchmark, median, type Result, rounded } from '../benchmark.js'
import { ENDPOINTS_EACH, endpointsOf } from './documents.js'
import type { Answer, Command } from './host.js'
import { InNamespace } from './namespace.js'

const FEW = 10
const MANY = 5_000
/** Changes at each size in one round, and connections. */
const CHANGES = 10
const CONNECTIONS = 500
/** A service with a VIP of its own that nobody asks. */
const CHANGED = 5
/** At most between two changes, in milliseconds: so that some come while the agent looks at the kernel. */
const PAUSE_MS = 500
const WARM_UP_MS = 10_000
const OWN = "of it, the agent's own: all but nft and conntrack"
const KERNEL = 'of it, until new connections go by it; UDP flows of who departed are forgotten after that'
const FLOOR = 'one call of nft that takes out one element, in the same minute'

interface Size {
  readonly services: number
  readonly host: InNamespace<Command, Answer>
  readonly changesMs: number[]
  /** Until the kernel leads new connections by it; what else there was to do follows. */
  readonly kernelMs: number[]
  /** What of each change was not spent on waiting for a program. */
  readonly ownMs: number[]
  /** The least that a change of the kernel takes, beside each change. */
  readonly floorMs: number[]
  /** The median of each round. */
  readonly connectsMs: number[]
}

/**
 * What many services cost a node: how long it takes until the change of one endpoint is in the kernel, and how long to
 * connect to a service, with ten services and with five thousand of ten endpoints each, all but ten on other nodes.
 * Two network namespaces, each with the real agent's network, are measured in turn; no engine is needed.
 */
export const endpoints: Benchmark = async ({ say, rounds }) => {
  const sizes = [FEW, MANY].map((services): Size => ({
    services,
    host: new InNamespace('host'),
    changesMs: [],
    kernelMs: [],
    ownMs: [],
    floorMs: [],
    connectsMs: [],
  }))
  try {
    for (const { services, host } of sizes) {
      say(`telling a node of ${services} services with ${ENDPOINTS_EACH} endpoints each …`)
      say(`they are in force after ${rounded((await told(host, { services })).tookMs[0]! / 1000, 1)} s`)
    }
    await wait(WARM_UP_MS)
    for (let round = 1; round <= rounds; round++) {
      await measure(sizes)
      say(`round ${round} of ${rounds}: ${sizes.map(lastOf).join('; ')}`)
    }
    return results(sizes)
  } finally {
    await Promise.all(sizes.map(({ host }) => host.end()))
  }
}

async function measure(sizes: readonly Size[]): Promise<void> {
  for (let change = 0; change < CHANGES; change++)
    for (const { host, changesMs, kernelMs, ownMs, floorMs } of sizes) {
      const without = change % 2 === 0 ? change : undefined
      const answer = await told(host, { put: [endpointsOf(CHANGED, without)] })
      changesMs.push(...answer.tookMs)
      kernelMs.push(answer.kernelMs)
      ownMs.push(answer.tookMs[0]! - answer.programsMs)
      await wait(Math.random() * PAUSE_MS)
      floorMs.push(...(await told(host, 'floor')).tookMs)
    }
  for (const { host, connectsMs } of sizes)
    connectsMs.push(median((await told(host, { connect: CONNECTIONS })).tookMs))
}

async function told(host: Size['host'], command: Command): Promise<Answer> {
  const answer = await host.tell(command)
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}

function lastOf({ services, changesMs, connectsMs }: Size): string {
  const changes = changesMs.slice(-CHANGES)
  const change = `a change ${rounded(median(changes), 0)} ms, ${rounded(Math.max(...changes), 0)} at worst`
  return `${services} services: ${change}, to connect ${rounded(connectsMs.at(-1)! * 1000, 0)} µs`
}

function results(sizes: readonly Size[]): Result[] {
  const [few, many] = sizes
  const ratios = many!.connectsMs.map((ms, round) => ms / few!.connectsMs[round]!)
  return [
    ...sizes.flatMap(({ services, changesMs, kernelMs, ownMs, floorMs, connectsMs }): Result[] => {
      const note = `${changesMs.length} changes of one endpoint, until in force`
      return [
        { name: `change-at-${services}-median`, value: rounded(median(changesMs), 1), unit: 'ms', note },
        { name: `change-at-${services}-worst`, value: rounded(Math.max(...changesMs), 1), unit: 'ms' },
        {
          name: `kernel-at-${services}-median`,
          value: rounded(median(kernelMs), 1),
          unit: 'ms',
          note: KERNEL,
        },
        { name: `kernel-at-${services}-worst`, value: rounded(Math.max(...kernelMs), 1), unit: 'ms' },
        { name: `change-at-${services}-own`, value: rounded(median(ownMs), 1), unit: 'ms', note: OWN },
        { name: `nft-floor-at-${services}`, value: rounded(median(floorMs), 1), unit: 'ms', note: FLOOR },
        { name: `connect-at-${services}`, value: rounded(median(connectsMs), 3), unit: 'ms' },
      ]
    }),
    {
      name: `connect-${MANY}-vs-${FEW}`,
      value: rounded(median(ratios)),
      unit: 'ratio',
      note: `median of ${ratios.length} rounds of ${CONNECTIONS} connections each to a VIP`,
    },
  ]
}
