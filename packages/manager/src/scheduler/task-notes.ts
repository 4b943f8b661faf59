import type { GenericResource } from '@shoal/engine-api'
import type { TaskRecord } from '../state/records.js'
import type { Holding, NodeInfo } from './node-info.js'
import type { PendingGroup } from './pending.js'

/**
 * What the scheduler knows of one task: that it waits, or what it takes where. While its assignment is stored, both.
 * One object for all of it: there are as many as tasks.
 */
export interface TaskNote {
  /** Those it waits among, and as what. */
  group: PendingGroup | undefined
  task: TaskRecord | undefined
  /** A decision on it is being committed: it is left alone until the outcome is known. */
  taken: boolean
  /** Where it takes room, and what. */
  node: NodeInfo | undefined
  generic: readonly GenericResource[]
  holding: Holding | undefined
}

/** What tells where the note of a task stands: a task never changes it. */
export type TaskPlace = Pick<TaskRecord, 'ID' | 'ServiceID' | 'Slot'>

/** The notes of some tasks, by their IDs. */
type Table = Map<string, TaskNote>

/** The tasks of a service whose slots differ in these many last bits only stand together. */
const SLOT_BITS = 10

interface ServiceNotes {
  readonly serviceId: string
  /** By the bits of the slot before those. */
  readonly tables: (Table | undefined)[]
  /** How many notes stand in them. */
  size: number
}

const NONE: readonly GenericResource[] = []

/**
 * One table for all who follow tasks: among very many, to find one costs more than most of what is done with it. It is
 * made of small ones, each for tasks that mostly come one after the other: so the one that is needed is at hand in the
 * processor's memory. (One of a million stands still for a tenth of a second each time it grows, too.)
 */
export class TaskNotes {
  readonly #services = new Map<string, ServiceNotes>()
  #latestService: ServiceNotes | undefined
  /** What was found last: it is mostly asked for again at once. */
  #latestId = ''
  #latest: TaskNote | undefined

  get(task: TaskPlace): TaskNote | undefined {
    if (task.ID === this.#latestId) return this.#latest
    const note = this.#service(task.ServiceID)?.tables[blockOf(task)]?.get(task.ID)
    this.#remember(task.ID, note)
    return note
  }

  /** A new note of a task that has none. */
  make(task: TaskPlace): TaskNote {
    const note: TaskNote = {
      group: undefined,
      task: undefined,
      taken: false,
      node: undefined,
      generic: NONE,
      holding: undefined,
    }
    const service = this.#service(task.ServiceID) ?? this.#newService(task.ServiceID)
    const table = (service.tables[blockOf(task)] ??= new Map())
    table.set(task.ID, note)
    service.size++
    this.#remember(task.ID, note)
    return note
  }

  /** Says which note of a task is the one, by who need not look for it, before others do. */
  expect(taskId: string, note: TaskNote): void {
    if (!isEmpty(note)) this.#remember(taskId, note)
  }

  /** Says that nothing is known of a task, by who need not look for it, before others do. */
  expectNone(taskId: string): void {
    this.#remember(taskId, undefined)
  }

  /** Forgets a task of which there is no more to be known. */
  tidy(task: TaskPlace, note: TaskNote): void {
    if (!isEmpty(note)) return
    this.#remember(task.ID, undefined)
    const service = this.#service(task.ServiceID)
    const table = service?.tables[blockOf(task)]
    if (service === undefined || !table?.delete(task.ID)) return
    if (table.size === 0) service.tables[blockOf(task)] = undefined
    if (--service.size > 0) return
    this.#services.delete(task.ServiceID)
    this.#latestService = undefined
  }

  #remember(taskId: string, note: TaskNote | undefined): void {
    this.#latestId = taskId
    this.#latest = note
  }

  #service(serviceId: string): ServiceNotes | undefined {
    if (this.#latestService?.serviceId !== serviceId) this.#latestService = this.#services.get(serviceId)
    return this.#latestService
  }

  #newService(serviceId: string): ServiceNotes {
    const service: ServiceNotes = { serviceId, tables: [], size: 0 }
    this.#services.set(serviceId, service)
    this.#latestService = service
    return service
  }
}

/** Tasks of global services have no slot: one table takes all of a service. */
function blockOf({ Slot: slot = 0 }: TaskPlace): number {
  return slot >> SLOT_BITS
}

/** Such a note is in the table no more. */
function isEmpty({ group, node }: TaskNote): boolean {
  return group === undefined && node === undefined
}
