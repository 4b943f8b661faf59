import type { StringMap } from './scalars.js'
import type { PortConfig } from './service.js'
import type { TaskSpec } from './task-spec.js'

/** A task as the manager hands it to the agent of its node: all that the agent needs to run it, and to restart it alone. */
export interface AssignedTask {
  ID: string
  ServiceID: string
  ServiceName: string
  ServiceLabels: StringMap
  Slot?: number
  NodeID: string
  /** `ready`: prepare and wait. `running`: run. `shutdown` or `remove`: stop. */
  DesiredState: string
  Spec: TaskSpec
  /** The published ports of the service; the agent itself publishes those in host mode. */
  Ports: PortConfig[]
  /** What the allocator gave it, the ingress network included; the networks themselves are documents of their own. */
  Attachments?: TaskAttachment[]
  /** The value of X-Registry-Auth for the pull: base64url of an AuthConfig. */
  RegistryAuth?: string
}

export interface TaskAttachment {
  NetworkID: string
  /** The bare address that the task has on the network. */
  Address: string
  /** Further names of the task's service on this network. */
  Aliases: string[]
}
