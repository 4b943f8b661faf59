import type { IPAMConfig } from './network.js'
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

/** A task's part in a network. The store keeps the network's ID and name; the API answers all of it. */
export interface NetworkAttachment {
  Network: AttachedNetwork
  Addresses: string[]
}

interface IPAMOptions {
  Driver: { Name: string }
  Configs: IPAMConfig[]
}

/** A network as tasks tell of it: in Swarm's form, not that of `GET /networks`. */
export interface AttachedNetwork {
  ID: string
  Version?: ObjectVersion
  CreatedAt?: string
  UpdatedAt?: string
  Spec: {
    Name: string
    Labels?: StringMap
    DriverConfiguration?: { Name: string; Options?: StringMap }
    Internal?: boolean
    Attachable?: boolean
    Ingress?: boolean
    IPAMOptions?: IPAMOptions
    Scope?: string
  }
  DriverState?: { Name: string; Options: StringMap }
  IPAMOptions?: IPAMOptions
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
