import { isTerminal } from '@shoal/common'
import type { NodeRecord, TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

const RULE = 'nodes are not over-committed'

interface Asked {
  readonly cpus: number
  readonly ports: readonly string[]
}

/**
 * What the tasks of a node have reserved fits, and no host port is given twice. A task that was never wanted
 * running, and replaces one on the same node, counts on what that one has.
 */
export function reservationsRule(world: World): Rule {
  const { truth } = world
  const wantedRunning = new Set<string>()
  const demands = new Map<string, Asked>()
  const demandOf = (task: TaskRecord): Asked => {
    const key = `${task.ServiceID}/${task.Shoal.SpecVersion}`
    const spec = truth.specOf(task)
    const known = demands.get(key)
    if (known || !spec) return known ?? { cpus: 0, ports: [] }
    const asked = {
      cpus: spec.TaskTemplate.Resources?.Reservations?.NanoCPUs ?? 0,
      ports: (spec.EndpointSpec?.Ports ?? []).flatMap(({ PublishMode, PublishedPort, Protocol }) =>
        PublishMode === 'host' && PublishedPort ? [`${Protocol}/${PublishedPort}`] : [],
      ),
    }
    demands.set(key, asked)
    return asked
  }
  const check = (node: NodeRecord): void => {
    const here = truth.tasks().filter((task) => task.NodeID === node.ID && holds(task))
    const ids = new Set(here.map((task) => task.ID))
    const counted = here.filter((task) => {
      const waits = !wantedRunning.has(task.ID) && task.Shoal.Replaces !== undefined
      return !(waits && ids.has(task.Shoal.Replaces))
    })
    const cpus = counted.reduce((sum, task) => sum + demandOf(task).cpus, 0)
    const ports = counted.flatMap((task) => demandOf(task).ports)
    const twice = ports.find((port, index) => ports.indexOf(port) !== index)
    const tasks = (): string => counted.map(describeTask).join(' | ')
    if (cpus > (node.Description.Resources.NanoCPUs ?? 0)) {
      world.violate(RULE, `${cpus / 1e9} CPUs are reserved on ${node.ID}: ${tasks()}`)
    } else if (twice !== undefined)
      world.violate(RULE, `port ${twice} is given twice on ${node.ID}: ${tasks()}`)
  }
  return {
    onWrite(changes) {
      const nodes = new Set<string>()
      for (const change of changes) {
        if (change.kind === 'spec' && change.after) demands.delete(change.after.ID)
        if (change.kind !== 'task' || !change.after) continue
        const { before, after } = change
        if (after.DesiredState === 'running') wantedRunning.add(after.ID)
        // Only then can it have become too much.
        const isMore =
          before?.Status.State !== after.Status.State || before.DesiredState !== after.DesiredState
        if (isMore && after.NodeID !== undefined && holds(after)) nodes.add(after.NodeID)
      }
      for (const id of nodes) {
        const node = truth.node(id)
        if (node) check(node)
      }
    },
  }
}

function holds(task: TaskRecord): boolean {
  return task.Status.State !== 'pending' && task.Status.State !== 'new' && !isTerminal(task.Status.State)
}
