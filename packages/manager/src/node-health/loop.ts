import type { Clock, Logger } from '@shoal/common'
import { DEFAULT_LOOP, KeyedLoop, type KeyedReconciler } from '../loops/keyed-loop.js'
import type { Turns } from '../loops/turns.js'
import type { Change } from '../state/records.js'
import type { State } from '../state/state.js'
import { commitNodeHealth } from './commit.js'
import { decideNodeHealth } from './decide.js'
import { heartbeatPeriodMs, reconnectWithinMs } from './period.js'

/** Knows when nodes were last heard of: `Beats`. */
export interface BeatSource {
  /** In milliseconds since the epoch. */
  lastBeatMs(nodeId: string): number
  forget(nodeId: string): void
  grantGrace(): void
  start(signal: AbortSignal, comingMs: number): void
}

export interface NodeHealthOptions {
  readonly state: State
  readonly clock: Clock
  readonly log: Logger
  readonly beats: BeatSource
  /** See LoopOptions. */
  readonly turns?: Turns
}

export interface NodeHealth {
  /** Watches the nodes until `signal` aborts. Every node has grace from now on. */
  start(signal: AbortSignal): void
}

export function createNodeHealth({ state, clock, log, beats, turns }: NodeHealthOptions): NodeHealth {
  const wantedPeriodMs = (): number => heartbeatPeriodMs(state.cluster(), state.count('node'))
  let knownPeriodMs = wantedPeriodMs()
  /** A shorter period must not condemn the nodes for having kept to the longer one. */
  const periodMs = (): number => {
    const currentMs = wantedPeriodMs()
    if (currentMs !== knownPeriodMs) beats.grantGrace()
    knownPeriodMs = currentMs
    return currentMs
  }
  const reconciler: KeyedReconciler = {
    name: 'node-health',
    keysOf: (change) => nodesConcerned(state, change),
    allKeys: () => allNodes(state),
    async reconcile(nodeId) {
      const node = state.get('node', nodeId)
      if (!node) beats.forget(nodeId)
      const nowMs = clock.now()
      const currentPeriodMs = periodMs()
      const plan = decideNodeHealth(node, beats.lastBeatMs(nodeId), nowMs, currentPeriodMs)
      if (plan.type === 'mark-down') log.warn({ nodeId }, 'node is down: heartbeat failure')
      return commitNodeHealth(state, nodeId, plan, nowMs)
    },
  }
  const loop = new KeyedLoop(state, reconciler, { ...DEFAULT_LOOP, turns, clock, log })
  return {
    start(signal) {
      beats.start(signal, reconnectWithinMs(state.count('node')))
      loop.start(signal)
    },
  }
}

function* nodesConcerned(state: State, change: Change): Iterable<string> {
  if (change.kind === 'node') {
    const node = change.after ?? change.before
    if (node) yield node.ID
  } else if (change.kind === 'cluster') {
    for (const node of state.all('node')) yield node.ID
  }
}

/** Every node, and those that are gone but still named by tasks. */
function allNodes(state: State): Set<string> {
  const ids = new Set<string>()
  for (const node of state.all('node')) ids.add(node.ID)
  for (const id of state.nodesOfTasks()) ids.add(id)
  return ids
}
