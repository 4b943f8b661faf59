import { TASK_STATES } from '@shoal/common'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { StateView } from '../state/view.js'

const NODE_STATES = ['unknown', 'ready', 'down', 'disconnected'] as const

/**
 * The manager's metrics. Figures of the cluster are counted when they are asked for, not as they change.
 * @param connectedAgents how many agents have an open session
 */
export function createMetrics(view: StateView, connectedAgents: () => number): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, 'shoal_services', 'Services.', [], (set) => set({}, view.count('service')))
  gauge(registry, 'shoal_connected_agents', 'Agents with an open session to this manager.', [], (set) =>
    set({}, connectedAgents()),
  )
  gauge(registry, 'shoal_nodes', 'Nodes by state.', ['state'], (set) => {
    const counts = countBy(view.all('node'), (node) => node.Status.State)
    for (const state of NODE_STATES) set({ state }, counts.get(state) ?? 0)
  })
  gauge(
    registry,
    'shoal_tasks',
    'Tasks by state; ended ones as far as the history goes.',
    ['state'],
    (set) => {
      const counts = countBy(view.all('task'), (task) => task.Status.State)
      for (const state of TASK_STATES) set({ state }, counts.get(state) ?? 0)
    },
  )
  return registry
}

type Set = (labels: Record<string, string>, value: number) => void

function gauge(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  measure: (set: Set) => void,
): void {
  const created = new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect: () => measure((labels, value) => created.set(labels, value)),
  })
}

function countBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
