/** Over a connection of its own per request, over kept connections, or as single datagrams (a flow of its own each). */
export const MODES = ['connect', 'keepalive', 'udp'] as const
export type Mode = (typeof MODES)[number]

/** What a load consists of. */
export interface LoadPlan {
  /** `host:port`, taken in turn. */
  readonly addresses: readonly string[]
  readonly path: string
  /** Requests per second of each mode, over all addresses. */
  readonly rates: { readonly [One in Mode]: number }
  /** How many connections are kept, over all addresses. */
  readonly connections: number
  /** When it ends by itself, in milliseconds. */
  readonly durationMs: number
  /** From when a request was due until its answer must be there, in milliseconds. */
  readonly timeoutMs: number
  /** Requests that may wait for their answers at the same time; for each mode. */
  readonly mostOpen: number
}

export const DEFAULT_PLAN = {
  path: '/json',
  rates: { connect: 500, keepalive: 600, udp: 0 },
  connections: 30,
  durationMs: 30_000,
  timeoutMs: 5_000,
  mostOpen: 2_000,
} as const

/** The share of one of `count` threads. @param index from 0 */
export function shareOf(plan: LoadPlan, index: number, count: number): LoadPlan {
  const { connect, keepalive, udp } = plan.rates
  const connections = Math.floor(plan.connections / count) + (index < plan.connections % count ? 1 : 0)
  return {
    ...plan,
    // So that the threads do not all begin with the same address.
    addresses: plan.addresses.map((_, at) => plan.addresses[(at + index) % plan.addresses.length]!),
    rates: { connect: connect / count, keepalive: keepalive / count, udp: udp / count },
    connections,
    mostOpen: Math.ceil(plan.mostOpen / count),
  }
}
