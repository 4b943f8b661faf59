import type { AssignedTask, ContainerSpec } from '@shoal/engine-api'
import type { NodeFacts } from '../port.js'

export const NODE: NodeFacts = {
  nodeId: 'node1',
  clusterId: 'cluster1',
  hostname: 'alpha',
  architecture: 'x86_64',
  os: 'linux',
}

export const IMAGE = 'shoal-busybox:1'

/** A task that sleeps, wanted running, with what is given in place of the defaults. */
export function aTask(
  changes: Partial<AssignedTask> = {},
  container: Partial<ContainerSpec> = {},
): AssignedTask {
  return {
    ID: 'task1',
    ServiceID: 'service1',
    ServiceName: 'web',
    ServiceLabels: {},
    Slot: 1,
    NodeID: NODE.nodeId,
    DesiredState: 'running',
    Spec: { ContainerSpec: { Image: IMAGE, Command: ['sh', '-c'], Args: ['sleep 1000'], ...container } },
    Ports: [],
    ...changes,
  }
}
