/**
 * Clusters for benchmarks: records put straight into a store (`seed.ts`), and agents without engines (`agent.ts`), some
 * hundred to a process (`process.ts`, `fleet.ts`). The sessions, certificates and connections are real; what they lead
 * to pretends. The agents share one key, so that 10 000 certificates are made in seconds.
 */
export { Fleet } from './fleet.js'
export type { Tally } from './messages.js'
export { commitAll, leadingState, seedCluster, type SeededCluster, type SeedStore } from './seed.js'
export { cpuSeconds, memoryMb } from './usage.js'
