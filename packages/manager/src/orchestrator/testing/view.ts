import type { NodeRecord, Records, ServiceRecord, SpecRecord, TaskRecord } from '../../state/records.js'
import { specId } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { aNode, aSpec } from '../../state/testing/index.js'

/** A small view of one service, made by hand: three nodes, and two versions of the spec. */
export function viewOf(
  service: ServiceRecord | undefined,
  tasks: readonly TaskRecord[],
  nodes: readonly NodeRecord[] = ['a', 'b', 'c'].map((id) => aNode(id)),
  specs: readonly SpecRecord[] = [aSpec('web', 1), aSpec('web', 2)],
): StateView {
  const tables: { readonly [K in keyof Records]: readonly Records[K][] } = {
    cluster: [],
    node: nodes,
    service: service ? [service] : [],
    spec: specs,
    task: tasks,
    network: [],
    gateway: [],
    secret: [],
    config: [],
  }
  return {
    cluster: () => undefined,
    get: (kind, id) => tables[kind].find((record) => record.ID === id),
    all: (kind) => tables[kind].values(),
    count: (kind) => tables[kind].length,
    specOf: (owner) => specs.find((spec) => spec.ID === specId('web', owner.Shoal.SpecVersion)),
    specsOfService: () => specs,
    tasksOfService: () => tasks,
    tasksOfNode: (nodeId) => tasks.filter((task) => task.NodeID === nodeId),
    servicesOfTasks: () => new Set(tasks.map((task) => task.ServiceID)),
    nodesOfTasks: () => new Set(tasks.flatMap((task) => task.NodeID ?? [])),
    serviceNamed: () => service,
    nodesNamed: (hostname) => nodes.filter((node) => node.Description.Hostname === hostname),
    secretNamed: () => undefined,
    configNamed: () => undefined,
    networkNamed: () => undefined,
    gatewaysOfNetwork: () => [],
    gatewaysOfNode: () => [],
  }
}
