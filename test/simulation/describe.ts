import { unreachable } from '@shoal/common'
import type { Change, ServiceRecord, TaskRecord } from '@shoal/manager/state/records'
import { short } from './trace.js'

/** One change in one line, for the trace. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'task':
      return `task ${describeTask(change.after ?? change.before)}${change.after ? '' : ' DELETED'}`
    case 'service': {
      const { before, after } = change
      if (!after) return `service ${before?.Spec.Name} DELETED`
      const { Batch, Failures } = after.Shoal.Rollout ?? {}
      const rollout = Batch ? ` batch [${Batch.join()}] failures ${Failures}` : ''
      const replicas = after.Spec.Mode?.Replicated?.Replicas ?? 'global'
      return `service ${after.Spec.Name} v${after.Shoal.SpecVersion} ×${replicas} ${after.UpdateStatus?.State ?? ''}${rollout}${describeRebalance(after)}`
    }
    case 'node': {
      const { before, after } = change
      if (!after) return `node ${before?.ID} DELETED`
      return `node ${after.ID} ${after.Status.State} ${after.Spec.Availability} ${JSON.stringify(after.Spec.Labels ?? {})}`
    }
    case 'spec':
      return `spec ${short(change.after?.ServiceID ?? change.before?.ServiceID)}/${change.after?.Number ?? change.before?.Number}${change.after ? '' : ' DELETED'}`
    case 'network':
      return `network ${change.after?.Spec.Name ?? change.before?.Spec.Name}${change.after ? '' : ' DELETED'}`
    case 'gateway':
      return `gateway ${change.after?.ID ?? change.before?.ID} ${change.after?.Address ?? 'DELETED'}`
    case 'secret':
    case 'config':
      return `${change.kind} ${(change.after ?? change.before)?.Spec.Name}${change.after ? '' : ' DELETED'}`
    case 'cluster':
      return 'cluster'
    default:
      return unreachable(change)
  }
}

function describeRebalance({ Shoal: { Rebalance: rebalance } }: ServiceRecord): string {
  if (!rebalance) return ''
  const moves = rebalance.Moves.map(({ Task, Node }) => `${short(Task)} to ${Node}`)
  return ` rebalances [${moves.join()}] moved ${rebalance.Moved}`
}

export function describeTask(task: TaskRecord | undefined): string {
  if (!task) return '?'
  const { Replaces, StartAfterMs } = task.Shoal
  return [
    `${short(task.ServiceID)}.${task.Slot ?? task.NodeID}.${short(task.ID)}`,
    `v${task.Shoal.SpecVersion}`,
    task.Status.State,
    `wanted ${task.DesiredState}`,
    `on ${task.NodeID ?? '-'}`,
    ...(Replaces ? [`for ${short(Replaces)}`] : []),
    ...(StartAfterMs ? ['delayed'] : []),
    ...(task.Status.Err ? [`(${task.Status.Err})`] : []),
  ].join(' ')
}
