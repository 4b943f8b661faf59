import type { NodeRecord } from '../state/records.js'

/**
 * Nodes that are alike in all that some filters look at: such a filter need ask only one of them. Compared by identity;
 * it is forgotten with its last node.
 */
export interface NodeClass {
  /** False for the class of all that are too many to be told apart: each of its nodes is to be asked. */
  readonly uniform: boolean
}

/** Labels that nearly every node has a value of its own for would make a class of each node. */
const MAX_CLASSES = 1000

interface Known extends NodeClass {
  readonly key: string
  nodes: number
}

/** Gives nodes their classes. */
export class NodeClasses {
  readonly #byKey = new Map<string, Known>()
  readonly #others: Known = { uniform: false, key: '', nodes: 0 }
  readonly #classOf = new Map<string, Known>()

  /** Follows a node's record. */
  of(record: NodeRecord): NodeClass {
    const key = keyOf(record)
    const before = this.#classOf.get(record.ID)
    if (before?.key === key) return before
    if (before) this.#leave(before)
    const found = this.#byKey.get(key) ?? this.#found(key)
    found.nodes++
    this.#classOf.set(record.ID, found)
    return found
  }

  forget(nodeId: string): void {
    const known = this.#classOf.get(nodeId)
    if (known === undefined) return
    this.#classOf.delete(nodeId)
    this.#leave(known)
  }

  #found(key: string): Known {
    if (this.#byKey.size >= MAX_CLASSES) return this.#others
    const found = { uniform: true, key, nodes: 0 }
    this.#byKey.set(key, found)
    return found
  }

  #leave(known: Known): void {
    if (--known.nodes === 0 && known.uniform) this.#byKey.delete(known.key)
  }
}

/** All that the filters look at which are `byClass`. No name holds the separator: none can be typed. */
function keyOf({ Spec: spec, Description: description, Status: status }: NodeRecord): string {
  const { Platform: platform, Engine: engine } = description
  let key = `${status.State}\0${spec.Availability ?? ''}\0${spec.Role ?? ''}\0${platform.OS ?? ''}\0${platform.Architecture ?? ''}`
  key += labelsKey(spec.Labels) + labelsKey(engine.Labels)
  for (const { Type: type, Name: name } of engine.Plugins ?? []) key += `\0${type}/${name}`
  return key
}

function labelsKey(labels: Readonly<Record<string, string>> | null | undefined): string {
  let key = '\x01'
  if (!labels) return key
  for (const name of Object.keys(labels).sort()) key += `\0${name}\0${labels[name]}`
  return key
}
