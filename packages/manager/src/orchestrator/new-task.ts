import { toTimestamp } from '@shoal/common'
import { needsAddresses } from '../allocator/index.js'
import type { TaskRecord } from '../state/records.js'
import type { ServiceContext } from './context.js'

/** Which place a new task takes, and what it takes over from the one before it. */
export interface NewTask {
  /** With `nodeId` no other node will do. */
  readonly slot: { readonly number?: number; readonly nodeId?: string }
  readonly version: number
  readonly desired: 'ready' | 'running'
  readonly shoal?: Omit<TaskRecord['Shoal'], 'SpecVersion' | 'RunningSinceMs' | 'Rests'>
}

/** The one place where tasks come from. Those that need addresses wait for the allocator, the others for a node. */
export function newTask(context: ServiceContext, { slot, version, desired, shoal }: NewTask): TaskRecord {
  const timestamp = toTimestamp(context.now)
  return {
    ID: context.newId(),
    Version: { Index: 0 },
    CreatedAt: timestamp,
    UpdatedAt: timestamp,
    ServiceID: context.service.ID,
    ...(slot.number !== undefined && { Slot: slot.number }),
    ...(slot.nodeId !== undefined && { NodeID: slot.nodeId }),
    Labels: {},
    Status: needsAddresses(context.specs.material(version))
      ? { Timestamp: timestamp, State: 'new', Message: 'created' }
      : { Timestamp: timestamp, State: 'pending', Message: 'pending task scheduling' },
    DesiredState: desired,
    ...(context.service.JobStatus && { JobIteration: context.service.JobStatus.JobIteration }),
    Shoal: { ...shoal, SpecVersion: version },
  }
}
