import { isDesiredAlive, isTerminal, type TaskState } from '@shoal/common'
import {
  put,
  type Mutation,
  type Records,
  type ServiceRecord,
  type TaskRecord,
} from '@shoal/manager/state/records'
import type { State } from '@shoal/manager/state/state'

/** Deliberate bugs, to prove that the rules can fail. They wrap the product's parts; the product knows nothing of them. */
export const BUGS = [
  'no-fencing',
  'restart-ignores-delay',
  'status-backwards',
  'scheduler-ignores-reservations',
  'reaper-deletes-live-spec',
  'update-ignores-parallelism',
  'start-first-stops-too-early',
  'stop-lies',
  'lost-ends',
  'room-released-too-early',
] as const

export type Bug = (typeof BUGS)[number]

/** The parts of a manager that a bug can be put into. */
export type Part = 'services' | 'reaper' | 'scheduler' | 'dispatcher'

/** The state as a part sees it: the real one, or one with the bug. */
export function stateFor(part: Part, state: State, bug: Bug | undefined): State {
  if (part === 'services' && bug === 'restart-ignores-delay') return withoutDelays(state)
  if (part === 'services' && bug === 'update-ignores-parallelism') return withoutParallelism(state)
  if (part === 'services' && bug === 'start-first-stops-too-early') return withEarlyRunning(state)
  if (part === 'scheduler' && bug === 'scheduler-ignores-reservations') return withoutReservations(state)
  if (part === 'scheduler' && bug === 'room-released-too-early') return withEarlyRelease(state)
  if (part === 'reaper' && bug === 'reaper-deletes-live-spec') return withoutRunningTasks(state)
  if (part === 'dispatcher' && bug === 'status-backwards') return withBackwardStatuses(state)
  if (part === 'dispatcher' && bug === 'lost-ends') return withLostEnds(state)
  return state
}

/** The state with some of its methods replaced. */
function patched(state: State, patch: Partial<State>): State {
  return new Proxy(state, {
    get(target, name) {
      const own = patch[name as keyof State]
      if (own) return own
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function withoutDelays(state: State): State {
  return patched(state, {
    commit: (mutations) =>
      state.commit(
        mutations.map((mutation) => {
          if (mutation.type !== 'put' || mutation.kind !== 'task' || mutation.record.Version.Index > 0)
            return mutation
          const { StartAfterMs, ...shoal } = mutation.record.Shoal
          if (StartAfterMs === undefined || shoal.Replaces !== undefined) return mutation
          return put('task', { ...mutation.record, DesiredState: 'running', Shoal: shoal })
        }),
      ),
  })
}

function withoutParallelism(state: State): State {
  const originals = new Map<unknown, ServiceRecord['Spec']>()
  const patch = (service: ServiceRecord): ServiceRecord => {
    const Spec = { ...service.Spec, UpdateConfig: { ...service.Spec.UpdateConfig, Parallelism: 0 } }
    originals.set(Spec, service.Spec)
    return { ...service, Spec }
  }
  const restore = (service: ServiceRecord): ServiceRecord => {
    const PreviousSpec = originals.get(service.PreviousSpec) ?? service.PreviousSpec
    return {
      ...service,
      Spec: originals.get(service.Spec) ?? service.Spec,
      ...(PreviousSpec && { PreviousSpec }),
    }
  }
  return patched(state, {
    get: ((kind, id) => {
      const record = state.get(kind, id)
      return kind === 'service' && record ? patch(record as ServiceRecord) : record
    }) as State['get'],
    commit: (mutations) => state.commit(mutations.map((mutation) => restored(mutation, restore))),
  })
}

function restored(mutation: Mutation, restore: (service: ServiceRecord) => ServiceRecord): Mutation {
  if (mutation.type !== 'put' || mutation.kind !== 'service') return mutation
  return put('service', restore(mutation.record))
}

/** Takes every task that starts for one that runs. */
function withEarlyRunning(state: State): State {
  const originals = new Map<unknown, TaskRecord['Status']>()
  const early = new Set<TaskState>(['preparing', 'ready', 'starting'])
  const patch = (task: TaskRecord): TaskRecord => {
    if (!early.has(task.Status.State) || task.DesiredState !== 'running') return task
    const Status = { ...task.Status, State: 'running' as const }
    originals.set(Status, task.Status)
    return { ...task, Status }
  }
  return patched(state, {
    tasksOfService: (id) => Array.from(state.tasksOfService(id), patch),
    commit: (mutations) =>
      state.commit(
        mutations.map((mutation) =>
          mutation.type === 'put' && mutation.kind === 'task'
            ? put('task', {
                ...mutation.record,
                Status: originals.get(mutation.record.Status) ?? mutation.record.Status,
              })
            : mutation,
        ),
      ),
  })
}

function withoutReservations(state: State): State {
  return patched(state, {
    get: ((kind, id) => {
      const record = state.get(kind, id)
      if (kind !== 'spec' || !record) return record
      const spec = record as Records['spec']
      const { Resources: _reserved, ...TaskTemplate } = spec.TaskTemplate
      return { ...spec, TaskTemplate }
    }) as State['get'],
  })
}

/** Takes what is to stop for what has stopped. */
function withEarlyRelease(state: State): State {
  const patch = (task: TaskRecord): TaskRecord =>
    isDesiredAlive(task.DesiredState) || isTerminal(task.Status.State)
      ? task
      : { ...task, Status: { ...task.Status, State: 'shutdown' } }
  return patched(state, {
    subscribe: (listener) =>
      state.subscribe((changes) =>
        listener(
          changes.map((change) =>
            change.kind === 'task' && change.after ? { ...change, after: patch(change.after) } : change,
          ),
        ),
      ),
    tasksOfNode: (id) => Array.from(state.tasksOfNode(id), patch),
  })
}

/** Forgets that running tasks need their spec, too. */
function withoutRunningTasks(state: State): State {
  return patched(state, {
    tasksOfService: (id) =>
      Array.from(state.tasksOfService(id)).filter((task) => task.Status.State !== 'running'),
  })
}

/** Writes what an agent says although something later is known. */
function withBackwardStatuses(state: State): State {
  return patched(state, {
    get: ((kind, id) => {
      const record = state.get(kind, id)
      if (kind !== 'task' || !record) return record
      const task = record as TaskRecord
      if (!isTerminal(task.Status.State) && task.Status.State !== 'running') return task
      return { ...task, Status: { ...task.Status, State: 'assigned' } }
    }) as State['get'],
  })
}

/** Drops what is said of every third task's end. */
function withLostEnds(state: State): State {
  let count = 0
  return patched(state, {
    commit: (mutations) => {
      const kept = mutations.filter((mutation) => {
        const isEnd =
          mutation.type === 'put' && mutation.kind === 'task' && isTerminal(mutation.record.Status.State)
        return !isEnd || ++count % 3 !== 0
      })
      return kept.length > 0 ? state.commit(kept) : Promise.resolve()
    },
  })
}
