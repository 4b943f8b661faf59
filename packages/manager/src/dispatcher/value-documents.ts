import { isTerminal } from '@shoal/common'
import { hostDocumentKey, hostDocumentName, type ContainerSpec, type StoredValue } from '@shoal/engine-api'
import type { Change, ConfigRecord, SecretRecord, SpecRecord, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { DocumentSource } from './assignment-stream.js'

/**
 * The secrets and configs that nodes are told: a node has those that a task of its own refers to and that has not
 * ended, and no others. It remembers nothing: who refers to what stands in the state.
 */
export class ValueDocuments implements DocumentSource {
  readonly #view: StateView

  constructor(view: StateView) {
    this.#view = view
  }

  *keysFor(nodeId: string): Iterable<string> {
    const keys = new Set<string>()
    // A node's tasks are most often of few services, and those of one version refer to the same.
    const seen = new Set<SpecRecord | undefined>()
    for (const task of this.#view.tasksOfNode(nodeId)) {
      const spec = this.#view.specOf(task)
      if (hasEnded(task) || seen.has(spec)) continue
      seen.add(spec)
      for (const key of this.#referredBy(task)) keys.add(key)
    }
    yield* keys
  }

  textFor(nodeId: string, key: string): string | undefined {
    const { kind, id } = hostDocumentName(key)
    if (kind !== 'secret' && kind !== 'config') return undefined
    const record = this.#view.get(kind, id)
    if (!record || !this.#isNeeded(nodeId, key)) return undefined
    return JSON.stringify(valueOf(record))
  }

  /** Tells `audience` which documents nodes have to hear of anew, because tasks came to them or ended. */
  follow(changes: readonly Change[], audience: (nodeId: string, key: string) => void): void {
    for (const change of changes) {
      if (change.kind !== 'task') continue
      const { before, after } = change
      const isSame =
        before?.NodeID === after?.NodeID && hasEnded(before) === hasEnded(after) && (!before || after)
      if (isSame) continue
      for (const task of [before, after]) {
        if (task?.NodeID === undefined) continue
        for (const key of this.#referredBy(task)) audience(task.NodeID, key)
      }
    }
  }

  #isNeeded(nodeId: string, key: string): boolean {
    for (const task of this.#view.tasksOfNode(nodeId)) if (this.#keysOf(task).includes(key)) return true
    return false
  }

  #keysOf(task: TaskRecord): string[] {
    return hasEnded(task) ? [] : this.#referredBy(task)
  }

  #referredBy(task: TaskRecord): string[] {
    const container: ContainerSpec = this.#view.specOf(task)?.TaskTemplate.ContainerSpec ?? {}
    return [
      ...(container.Secrets ?? []).map(({ SecretID: id = '' }) => hostDocumentKey({ kind: 'secret', id })),
      ...(container.Configs ?? []).map(({ ConfigID: id = '' }) => hostDocumentKey({ kind: 'config', id })),
    ]
  }
}

function hasEnded(task: TaskRecord | undefined): boolean {
  return task !== undefined && isTerminal(task.Status.State)
}

function valueOf({ ID, Spec }: SecretRecord | ConfigRecord): StoredValue {
  return { ID, Name: Spec.Name ?? '', Data: Spec.Data ?? '', Templating: Boolean(Spec.Templating?.Name) }
}
