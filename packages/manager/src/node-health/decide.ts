import { fromTimestamp, unreachable } from '@shoal/common'
import type { NodeRecord } from '../state/records.js'

/** A node is down when this many of its heartbeats are missing. */
export const MISSED_BEATS = 3
/** Tasks on a node that has been down for this long are given up for good, in milliseconds. */
export const ORPHANED_AFTER_MS = 24 * 60 * 60 * 1_000
/**
 * A node of a cluster that was restored from a backup has this long until it is heard of again, in milliseconds:
 * somebody has to tell its agent of the new managers, and until then its containers run.
 */
export const RESTORED_PATIENCE_MS = 15 * 60 * 1_000

export type NodeHealthPlan =
  /** Nothing, until the node changes. */
  | { readonly type: 'rest' }
  /** Look again at this instant, in milliseconds since the epoch. */
  | { readonly type: 'wait'; readonly untilMs: number }
  | { readonly type: 'mark-down'; readonly message: string }
  | { readonly type: 'orphan-tasks'; readonly message: string }

/**
 * What the silence of one node calls for.
 * @param node undefined: it has been removed from the cluster
 * @param lastBeatMs when it was last heard of, in milliseconds since the epoch
 * @param periodMs how often it should be heard of, in milliseconds
 */
export function decideNodeHealth(
  node: NodeRecord | undefined,
  lastBeatMs: number,
  nowMs: number,
  periodMs: number,
): NodeHealthPlan {
  if (!node) return { type: 'orphan-tasks', message: 'Task belonged to a node that has been deleted' }
  switch (node.Status.State) {
    case 'unknown': {
      // One that has never connected has no life to watch.
      if (node.Description.Engine.EngineVersion === '') return { type: 'rest' }
      const downAtMs = fromTimestamp(node.UpdatedAt) + RESTORED_PATIENCE_MS
      if (nowMs < downAtMs) return { type: 'wait', untilMs: downAtMs }
      return { type: 'mark-down', message: node.Status.Message ?? 'not heard of' }
    }
    case 'down': {
      // A node that is down changes by hand only, so its last change is at the latest when it went down.
      const orphanedAtMs = fromTimestamp(node.UpdatedAt) + ORPHANED_AFTER_MS
      if (nowMs < orphanedAtMs) return { type: 'wait', untilMs: orphanedAtMs }
      return { type: 'orphan-tasks', message: 'node has been down for 24 hours' }
    }
    case 'ready':
    case 'disconnected': {
      const downAtMs = lastBeatMs + MISSED_BEATS * periodMs
      if (nowMs < downAtMs) return { type: 'wait', untilMs: downAtMs }
      return { type: 'mark-down', message: 'heartbeat failure' }
    }
    default:
      return unreachable(node.Status.State)
  }
}
