import { isTerminal, ShoalError, TASK_STATES } from '@shoal/common'
import type { StringMap } from '@shoal/engine-api'
import type { FastifyInstance } from 'fastify'
import { mapInTurns } from '../../loops/in-turns.js'
import { SpecVersions } from '../../orchestrator/spec-versions.js'
import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { shownDesiredState, taskAnswer, taskName } from '../answers/task.js'
import type { ApiOptions } from '../options.js'
import { readFilters, type Filters } from '../request/filters.js'
import { findNode, findService, findTask } from '../request/lookup.js'
import { pathId } from '../request/query.js'

const FILTERS = ['id', 'name', 'label', 'service', 'node', 'desired-state', '_up-to-date', 'runtime']
const RUNTIMES = ['container', '']

export function taskRoutes(app: FastifyInstance, { state, clock }: ApiOptions): void {
  app.get('/tasks', (request) => {
    const filters = readFilters(request, FILTERS)
    const matches = taskFilter(state, filters)
    const known = [...candidates(state, filters)]
    return mapInTurns(clock, known, (task) => (matches(task) ? taskAnswer(state, task) : undefined))
  })
  app.get('/tasks/:id', (request) => taskAnswer(state, findTask(state, pathId(request))))
}

/** History included. */
function taskFilter(state: StateView, filters: Filters): (task: TaskRecord) => boolean {
  const nodes = new Set(filters.values('node').map((reference) => findNode(state, reference).ID))
  const desired = desiredStates(filters)
  const isWanted = upToDateFilter(state, filters)
  return (task) =>
    filters.prefix('id', task.ID) &&
    filters.prefix('name', taskName(state, task)) &&
    filters.labels('label', labelsOf(state, task)) &&
    (nodes.size === 0 || (task.NodeID !== undefined && nodes.has(task.NodeID))) &&
    (desired.size === 0 || desired.has(shownDesiredState(task))) &&
    filters.some('runtime', (runtime) => RUNTIMES.includes(runtime)) &&
    isWanted(task)
}

/**
 * By its service's labels a task is found. One that outlives its service has only those of its container, and has
 * them until it ends: `docker stack rm --detach=false` asks again and again, by the label of the stack (which is on
 * both), until it finds none. It never ends if it is shown some that have ended, and then none.
 */
function labelsOf(state: StateView, task: TaskRecord): StringMap {
  const service = state.get('service', task.ServiceID)
  if (service) return service.Spec.Labels ?? {}
  const labels = state.specOf(task)?.TaskTemplate.ContainerSpec?.Labels ?? {}
  return isTerminal(task.Status.State) ? {} : labels
}

/** The CLI polls the tasks of one service: they are found without looking at all others. */
function* candidates(state: StateView, filters: Filters): Iterable<TaskRecord> {
  const services = new Set(filters.values('service').map((reference) => findService(state, reference).ID))
  if (services.size === 0) yield* state.all('task')
  for (const id of services) yield* state.tasksOfService(id)
}

function desiredStates(filters: Filters): ReadonlySet<string> {
  const states = filters.values('desired-state').map((state) => state.toLowerCase())
  for (const state of states) {
    if (!TASK_STATES.some((known) => known === state)) {
      throw new ShoalError('invalid-argument', `invalid desired-state filter: '${state}'`)
    }
  }
  return new Set(states)
}

/** A task is up to date unless the orchestrator would replace it for what its service's spec says now. */
function upToDateFilter(state: StateView, filters: Filters): (task: TaskRecord) => boolean {
  const wanted = filters.values('_up-to-date').some((value) => ['1', 'true'].includes(value.toLowerCase()))
  if (!wanted) return () => true
  const specs = new Map<string, SpecVersions | undefined>()
  return (task) => {
    if (!specs.has(task.ServiceID)) {
      const service = state.get('service', task.ServiceID)
      specs.set(task.ServiceID, service && new SpecVersions(state, service))
    }
    const versions = specs.get(task.ServiceID)
    const iteration = state.get('service', task.ServiceID)?.JobStatus?.JobIteration.Index
    if (iteration !== task.JobIteration?.Index) return false
    return versions !== undefined && isUpToDate(state, versions, task)
  }
}

function isUpToDate(state: StateView, specs: SpecVersions, task: TaskRecord): boolean {
  const likeness = specs.likeness(task.Shoal.SpecVersion)
  if (likeness !== 'placement') return likeness === 'same'
  const node = task.NodeID === undefined ? undefined : state.get('node', task.NodeID)
  return node !== undefined && specs.fits(specs.target, node)
}
