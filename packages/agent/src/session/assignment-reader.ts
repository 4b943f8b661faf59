import {
  HOST_DOCUMENT_KINDS,
  hostDocumentKey,
  type AssignedTask,
  type HostDocument,
  type HostDocumentKind,
} from '@shoal/engine-api'
import type { Assignments__Output } from '@shoal/proto'
import { ShoalError } from '@shoal/common'
import type { Batch } from './lane.js'

export type Reading =
  /** The complete set goes on in the next message. */
  | { readonly kind: 'partial' }
  | {
      /** A complete set names what there is: nothing is removed by it. */
      readonly kind: 'complete' | 'change'
      readonly sequence: number
      readonly tasks: Batch<AssignedTask>
      readonly documents: Batch<HostDocument>
    }

type Part = Pick<Assignments__Output, 'put' | 'removedTaskIds' | 'putDocuments' | 'removedDocuments'>

/** Puts the messages of one session together, and makes sure that none is missing. */
export class AssignmentReader {
  #sequence = 0
  /** The complete set as far as it has come; undefined once it was complete. */
  #gathering: { tasks: Map<string, AssignedTask>; documents: Map<string, HostDocument> } | undefined = {
    tasks: new Map(),
    documents: new Map(),
  }

  /** @throws ShoalError `out-of-sequence` when a message is missing, `invalid-argument` when one makes no sense */
  read(message: Assignments__Output): Reading {
    const sequence = this.#sequence + 1
    if (message.sequence !== sequence) {
      throw new ShoalError(
        'out-of-sequence',
        `assignments ${message.sequence} came where ${sequence} was due`,
      )
    }
    this.#sequence = sequence
    const tasks = tasksOf(message)
    const documents = documentsOf(message)
    if (!this.#gathering) {
      if (message.complete) throw new ShoalError('invalid-argument', 'a second complete set in one session')
      return { kind: 'change', sequence, tasks, documents }
    }
    if (!message.complete) throw new ShoalError('invalid-argument', 'an increment before the complete set')
    gather(this.#gathering.tasks, tasks)
    gather(this.#gathering.documents, documents)
    if (message.more) return { kind: 'partial' }
    const complete = this.#gathering
    this.#gathering = undefined
    const removed = new Set<string>()
    return {
      kind: 'complete',
      sequence,
      tasks: { put: complete.tasks, removed },
      documents: { put: complete.documents, removed },
    }
  }
}

function gather<Item>(gathered: Map<string, Item>, { put, removed }: Batch<Item>): void {
  for (const [name, item] of put) gathered.set(name, item)
  for (const name of removed) gathered.delete(name)
}

function tasksOf({ put, removedTaskIds }: Part): Batch<AssignedTask> {
  const parsed = put.map(({ taskId, taskJson }): [string, AssignedTask] => [
    taskId,
    parse<AssignedTask>(`assignment of task ${taskId}`, taskJson),
  ])
  return { put: new Map(parsed), removed: new Set(removedTaskIds) }
}

/** Documents of kinds that are not known here come from a newer manager, and are for newer agents. */
function documentsOf({ putDocuments, removedDocuments }: Part): Batch<HostDocument> {
  const parsed = putDocuments.filter(isKnown).map(({ kind, id, json }): [string, HostDocument] => {
    const body: unknown = parse(`document ${kind} ${id}`, json)
    return [hostDocumentKey({ kind, id }), { kind, id, body } as HostDocument]
  })
  return { put: new Map(parsed), removed: new Set(removedDocuments.filter(isKnown).map(hostDocumentKey)) }
}

function isKnown<Name extends { readonly kind: string }>(
  name: Name,
): name is Name & { kind: HostDocumentKind } {
  return (HOST_DOCUMENT_KINDS as readonly string[]).includes(name.kind)
}

function parse<Result>(what: string, json: string): Result {
  try {
    return JSON.parse(json) as Result
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed ${what}`, error)
  }
}
