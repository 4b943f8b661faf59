import { bytesAsked, bytesFree, cpusAsked, cpusFree } from './amounts.js'
import type { Demand } from './demand.js'
import type { Allowance, Reason } from './filters.js'
import type { NodeInfo } from './node-info.js'

/** Which of the reserved resources a node has too little of. */
export function shortages(demand: Demand, node: NodeInfo, allowance: Allowance | undefined): Reason[] {
  const lent = allowance?.sharesAll ? allowance.replaced : undefined
  const { NanoCPUs: cpus = 0, MemoryBytes: memory = 0 } = node.record.Description.Resources
  const cpusLeft = node.nanoCpusFree + (lent?.holding.demand?.nanoCpus ?? 0)
  const memoryLeft = node.memoryFree + (lent?.holding.demand?.memoryBytes ?? 0)
  const short: Reason[] = []
  if (demand.nanoCpus > cpusLeft) {
    const Found = `${cpusFree(cpusLeft, cpus)} free`
    short.push({ Asked: cpusAsked(demand.nanoCpus), Found, Amount: cpusLeft / 1e9 })
  }
  if (demand.memoryBytes > memoryLeft) {
    const Found = `${bytesFree(memoryLeft, memory)} free`
    short.push({ Asked: `${bytesAsked(demand.memoryBytes)} of memory`, Found, Amount: memoryLeft })
  }
  for (const { kind, amount } of demand.generic) {
    const free = node.generic.free(kind, lent?.generic)
    if (amount <= free) continue
    const total = node.generic.total(kind)
    const Found = total === 0 ? 'none' : `${free} of ${total} free`
    short.push({ Asked: `${amount} of "${kind}"`, Found, Amount: free })
  }
  return short
}

/** The same by what is in use, by whomever. A node of which nothing was measured is judged by reservations alone. */
export function measuredShortages(
  demand: Demand,
  node: NodeInfo,
  allowance: Allowance | undefined,
): Reason[] {
  const lent = allowance?.sharesAll ? allowance.replaced.holding.demand : undefined
  const { NanoCPUs: cpus = 0, MemoryBytes: memory = 0 } = node.record.Description.Resources
  const cpusLeft = (demand.measured.nanoCpusFree(node) ?? Infinity) + (lent?.nanoCpus ?? 0)
  const memoryLeft = (demand.measured.memoryFree(node) ?? Infinity) + (lent?.memoryBytes ?? 0)
  const short: Reason[] = []
  if (demand.nanoCpus > 0 && demand.nanoCpus > cpusLeft) {
    const Asked = `${cpusAsked(demand.nanoCpus)} not in use`
    short.push({ Asked, Found: cpusFree(cpusLeft, cpus), Amount: cpusLeft / 1e9 })
  }
  if (demand.memoryBytes > 0 && demand.memoryBytes > memoryLeft) {
    const Asked = `${bytesAsked(demand.memoryBytes)} of memory not in use`
    short.push({ Asked, Found: bytesFree(memoryLeft, memory), Amount: memoryLeft })
  }
  return short
}
