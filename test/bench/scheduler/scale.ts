import { seededRandom, silentLogger, systemClock } from '@shoal/common'
import { AddressBook, createAllocator } from '@shoal/manager/allocator/index'
import { DEFAULT_LOOP, KeyedLoop } from '@shoal/manager/loops/keyed-loop'
import { createServiceReconciler } from '@shoal/manager/orchestrator/index'
import { createScheduler } from '@shoal/manager/scheduler/index'
import { put, type LiveState, type ServiceRecord } from '@shoal/manager/state/index'
import { median } from '../benchmark.js'
import { assignmentsSeen } from './place.js'

const BY = 10
/** The event loop counts as idle when so many milliseconds cost less than a tenth of them. */
const IDLE_MS = 200

/**
 * Scales services in turn, each time one by ten, in a cluster at rest, with the loops between a service and its tasks'
 * assignment at work.
 * @returns the median of the CPU time, in milliseconds, from the service's commit until all ten are seen to be assigned
 */
export async function scaleServices(state: LiveState, rounds: number): Promise<number> {
  const stop = new AbortController()
  startLoops(state, stop.signal)
  await untilIdle()
  const costs: number[] = []
  const ids = Array.from(state.all('service'), ({ ID }) => ID)
  for (let round = 0; round < rounds; round++) {
    const service = state.get('service', ids[round % ids.length] ?? '')
    if (service === undefined) throw new Error('there is no service to be scaled')
    const before = process.cpuUsage()
    const seen = assignmentsSeen(state, BY)
    await state.commit([put('service', scaled(service))])
    await seen
    const { user, system } = process.cpuUsage(before)
    costs.push((user + system) / 1000)
    await untilIdle()
  }
  stop.abort()
  return median(costs)
}

export function startLoops(state: LiveState, signal: AbortSignal): void {
  const parts = { state, clock: systemClock, random: seededRandom(1), log: silentLogger }
  const options = { ...DEFAULT_LOOP, clock: systemClock, log: silentLogger }
  const book = new AddressBook({ state, clock: systemClock }).follow(signal)
  new KeyedLoop(state, createServiceReconciler(parts), options).start(signal)
  new KeyedLoop(state, createAllocator({ ...parts, book }), options).start(signal)
  createScheduler(parts).start(signal)
}

function scaled(service: ServiceRecord): ServiceRecord {
  const replicas = service.Spec.Mode?.Replicated?.Replicas ?? 0
  return { ...service, Spec: { ...service.Spec, Mode: { Replicated: { Replicas: replicas + BY } } } }
}

export async function untilIdle(): Promise<void> {
  for (;;) {
    const before = process.cpuUsage()
    await new Promise((resolve) => {
      setTimeout(resolve, IDLE_MS)
    })
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1000 < IDLE_MS / 10) return
  }
}
