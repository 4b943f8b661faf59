import type {
  ClusterRecord,
  ConfigRecord,
  GatewayRecord,
  Kind,
  NetworkRecord,
  NodeRecord,
  Records,
  SecretRecord,
  ServiceRecord,
  SpecRecord,
  TaskRecord,
} from './records.js'

/**
 * The cluster as it stands in memory, to be read. Node runs one piece of code at a time, so whoever reads
 * it without awaiting in between reads one consistent snapshot. Records are never changed in place.
 */
export interface StateView {
  cluster(): ClusterRecord | undefined
  get<K extends Kind>(kind: K, id: string): Records[K] | undefined
  all<K extends Kind>(kind: K): IterableIterator<Records[K]>
  count(kind: Kind): number
  /** The spec that this task, or this service at present, is made from. */
  specOf(owner: TaskRecord | ServiceRecord): SpecRecord | undefined
  specsOfService(serviceId: string): Iterable<SpecRecord>
  tasksOfService(serviceId: string): Iterable<TaskRecord>
  tasksOfNode(nodeId: string): Iterable<TaskRecord>
  /** The IDs of the services that tasks name, whether these services exist or not. */
  servicesOfTasks(): Iterable<string>
  /** The IDs of the nodes that tasks name, whether these nodes exist or not. */
  nodesOfTasks(): Iterable<string>
  serviceNamed(name: string): ServiceRecord | undefined
  nodesNamed(hostname: string): Iterable<NodeRecord>
  secretNamed(name: string): SecretRecord | undefined
  configNamed(name: string): ConfigRecord | undefined
  networkNamed(name: string): NetworkRecord | undefined
  gatewaysOfNetwork(networkId: string): Iterable<GatewayRecord>
  gatewaysOfNode(nodeId: string): Iterable<GatewayRecord>
}
