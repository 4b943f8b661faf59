import type { GenericResource } from './resources.js'
import type { ObjectVersion, StringMap } from './scalars.js'
import type { PortConfig } from './service.js'
import type { TaskSpec } from './task-spec.js'

export interface ContainerStatus {
  ContainerID: string
  PID: number
  ExitCode: number
}

/** What is known of a task's life. `State` is one of the task states of docs/task-model.md. */
export interface TaskStatus {
  /** When this status was reached, RFC 3339. */
  Timestamp: string
  State: string
  Message: string
  Err?: string
  ContainerStatus?: ContainerStatus
  PortStatus?: { Ports?: PortConfig[] }
}

export interface NetworkAttachment {
  Network: { ID: string; Spec: { Name: string } }
  Addresses: string[]
}

/** A task as the API answers it: with its full spec. */
export interface Task {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Name?: string
  Labels: StringMap
  Spec: TaskSpec
  ServiceID: string
  /** 1 … replicas for replicated services; absent for global ones. */
  Slot?: number
  NodeID?: string
  AssignedGenericResources?: GenericResource[]
  /** The same, under the name that Docker's answers carry. */
  GenericResources?: GenericResource[]
  Status: TaskStatus
  DesiredState: string
  NetworksAttachments?: NetworkAttachment[]
  JobIteration?: ObjectVersion
}
