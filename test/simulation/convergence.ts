import { isTerminal } from '@shoal/common'
import { KINDS, type ServiceRecord, type TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from './describe.js'
import { slotOf } from './truth.js'
import type { World } from './world.js'

/**
 * Whether everything is as it is wanted.
 * @returns what is not, in words; undefined when nothing is missing
 */
export function whatIsMissing(world: World): string | undefined {
  const { truth, hosts } = world
  if (truth.nodes().length !== hosts.length) return `${hosts.length} hosts are ${truth.nodes().length} nodes`
  for (const node of truth.nodes())
    if (node.Status.State !== 'ready') return `${node.ID} is ${node.Status.State}`
  for (const service of truth.services()) {
    const missing = missingOf(world, service)
    if (missing) return `${service.Spec.Name}: ${missing}`
  }
  const orphan = truth.tasks().find((task) => !truth.service(task.ServiceID))
  if (orphan) return `a task of no service is left: ${describeTask(orphan)}`
  const spec = truth.specs().find(({ ServiceID }) => !truth.service(ServiceID))
  if (spec) return `the spec ${spec.ID} of no service is left`
  return strayContainer(world)
}

function missingOf(world: World, service: ServiceRecord): string | undefined {
  const state = service.UpdateStatus?.State
  if (state !== undefined && state !== 'completed' && state !== 'rollback_completed')
    return `the update is ${state}`
  const tasks = world.truth.tasksOf(service.ID)
  const live = tasks.filter((task) => !isTerminal(task.Status.State))
  const odd = live.find((task) => !isSettled(task, service))
  if (odd) return `not settled: ${describeTask(odd)}`
  const wanted = wantedSlots(world, service)
  const present = live.map(slotOf)
  const twice = present.find((slot, index) => present.indexOf(slot) !== index)
  if (twice !== undefined) return `two tasks in the slot ${twice}`
  if (present.length !== wanted) return `${present.length} tasks run where ${wanted} are wanted`
  const runs = live.find(
    (task) => !world.hosts.some((host) => host.nodeId === task.NodeID && host.engine.running.has(task.ID)),
  )
  return runs && `no container runs for ${describeTask(runs)}`
}

function wantedSlots(world: World, service: ServiceRecord): number {
  return service.Spec.Mode?.Global
    ? world.truth.nodes().length
    : (service.Spec.Mode?.Replicated?.Replicas ?? 1)
}

function isSettled(task: TaskRecord, service: ServiceRecord): boolean {
  const isPresent = task.Shoal.SpecVersion === service.Shoal.SpecVersion
  return isPresent && task.DesiredState === 'running' && task.Status.State === 'running'
}

function strayContainer(world: World): string | undefined {
  for (const { nodeId, engine } of world.hosts) {
    for (const task of engine.running.values()) {
      const record = world.truth.task(task.ID)
      if (record?.Status.State !== 'running' || record.NodeID !== nodeId) {
        return `a container that nobody wants runs on ${nodeId}: ${record ? describeTask(record) : task.ID}`
      }
    }
  }
  return undefined
}

/** What the history holds beyond its limit, in words. */
export function whatIsTooMuch(world: World): string | undefined {
  const { truth, layout } = world
  for (const service of truth.services()) {
    const attempts = service.Spec.TaskTemplate?.RestartPolicy?.MaxAttempts ?? 0
    const limit = attempts > 0 ? Math.max(layout.historyLimit, attempts + 1) : layout.historyLimit
    const ended = new Map<string, number>()
    for (const task of truth.tasksOf(service.ID)) {
      if (isTerminal(task.Status.State)) ended.set(slotOf(task), (ended.get(slotOf(task)) ?? 0) + 1)
    }
    for (const [slot, count] of ended) {
      if (count > limit)
        return `${count} ended tasks are kept in the slot ${slot} of ${service.Spec.Name}, ${limit} are allowed`
    }
    const used = new Set([service.Shoal.SpecVersion, service.Shoal.PreviousSpecVersion])
    for (const task of truth.tasksOf(service.ID)) used.add(task.Shoal.SpecVersion)
    const unused = truth.specs().find((spec) => spec.ServiceID === service.ID && !used.has(spec.Number))
    if (unused) return `the spec ${unused.ID} is of no more use`
  }
  return undefined
}

/** Where the memory of a manager, leading or not, differs from the store, in words. */
export function whatIsMisremembered(world: World): string | undefined {
  for (const { run } of world.managers) {
    if (!run?.state || run.process.isDead) continue
    for (const kind of KINDS) {
      const stored = world.truth.versions(kind)
      if (run.state.count(kind) !== stored.size) {
        return `${run.process.name} remembers ${run.state.count(kind)} of ${stored.size} records of the kind ${kind}`
      }
      for (const record of run.state.all(kind)) {
        if (stored.get(record.ID) !== record.Version.Index)
          return `${run.process.name} remembers an old ${kind} ${record.ID}`
      }
    }
  }
  return undefined
}
