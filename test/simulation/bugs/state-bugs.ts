import { isDesiredAlive, isTerminal, type TaskState } from '@shoal/common'
import type { UpdateConfig } from '@shoal/engine-api'
import {
  put,
  type ChangeOf,
  type Mutation,
  type Records,
  type ServiceRecord,
  type TaskRecord,
} from '@shoal/manager/state/records'
import type { State } from '@shoal/manager/state/state'
import { patched } from '../patched.js'

export function withoutDelays(state: State): State {
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

/** @param change what the rollout's configuration is taken for */
export function withUpdateConfig(state: State, change: Partial<UpdateConfig>): State {
  const originals = new Map<unknown, ServiceRecord['Spec']>()
  const patch = (service: ServiceRecord): ServiceRecord => {
    const Spec = { ...service.Spec, UpdateConfig: { ...service.Spec.UpdateConfig, ...change } }
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
  return withService(state, patch, restore)
}

/** Takes over without the clock of the rollouts that the managers before have begun. */
export function withoutEarlierRollouts(state: State, termRevision: number): State {
  return withService(state, (service) => {
    const { Rollout: _forgotten, ...Shoal } = service.Shoal
    return service.Version.Index < termRevision ? { ...service, Shoal } : service
  })
}

function withService(
  state: State,
  patch: (service: ServiceRecord) => ServiceRecord,
  restore = (service: ServiceRecord): ServiceRecord => service,
): State {
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
export function withEarlyRunning(state: State): State {
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

export function withoutReservations(state: State): State {
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
export function withEarlyRelease(state: State): State {
  const patch = (task: TaskRecord): TaskRecord =>
    isDesiredAlive(task.DesiredState) || isTerminal(task.Status.State)
      ? task
      : { ...task, Status: { ...task.Status, State: 'shutdown' } }
  const patchChange = ({ before, after }: ChangeOf<'task'>): ChangeOf<'task'> => ({
    kind: 'task',
    ...(before && { before: patch(before) }),
    ...(after && { after: patch(after) }),
  })
  return patched(state, {
    subscribe: (listener) =>
      state.subscribe((changes) =>
        listener(changes.map((change) => (change.kind === 'task' ? patchChange(change) : change))),
      ),
    tasksOfNode: (id) => Array.from(state.tasksOfNode(id), patch),
    all: ((kind) =>
      kind === 'task' ? Array.from(state.all('task'), patch) : state.all(kind)) as State['all'],
  })
}

/** Forgets that running tasks need their spec, too. */
export function withoutRunningTasks(state: State): State {
  return patched(state, {
    tasksOfService: (id) =>
      Array.from(state.tasksOfService(id)).filter((task) => task.Status.State !== 'running'),
  })
}

/** Writes what an agent says although something later is known. */
export function withBackwardStatuses(state: State): State {
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
export function withLostEnds(state: State): State {
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
