import type { AssignedTask } from '@shoal/engine-api'
import type { NodeFacts } from './port.js'

export const TASK_ID_LABEL = 'io.shoal.task.id'
export const NODE_ID_LABEL = 'io.shoal.node.id'
export const CLUSTER_ID_LABEL = 'io.shoal.cluster.id'
export const NETWORK_ID_LABEL = 'io.shoal.network.id'
export const SERVICE_ID_LABEL = 'com.docker.swarm.service.id'
export const TASK_NAME_LABEL = 'com.docker.swarm.task.name'

/** Docker's name of a task, which is also its container's: `<service>.<slot, or node for a global one>.<task>`. */
export function taskName(task: Pick<AssignedTask, 'ID' | 'ServiceName' | 'Slot' | 'NodeID'>): string {
  return `${task.ServiceName}.${slotName(task)}.${task.ID}`
}

/** The ID of the task whose container bears this name. */
export function taskIdOfName(container: string): string {
  return container.slice(container.lastIndexOf('.') + 1)
}

/** The slot as names and templates show it. */
export function slotName(task: Pick<AssignedTask, 'Slot' | 'NodeID'>): string {
  return task.Slot ? String(task.Slot) : task.NodeID
}

/** The user's labels, then those that Docker sets on a task's container, then ours. */
export function containerLabels(task: AssignedTask, node: NodeFacts): Record<string, string> {
  return {
    ...task.Spec.ContainerSpec?.Labels,
    'com.docker.swarm.node.id': node.nodeId,
    [SERVICE_ID_LABEL]: task.ServiceID,
    'com.docker.swarm.service.name': task.ServiceName,
    'com.docker.swarm.task': '',
    'com.docker.swarm.task.id': task.ID,
    [TASK_NAME_LABEL]: taskName(task),
    [TASK_ID_LABEL]: task.ID,
    [NODE_ID_LABEL]: node.nodeId,
    [CLUSTER_ID_LABEL]: node.clusterId,
  }
}
