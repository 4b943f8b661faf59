import type { TaskRecord } from '../../state/records.js'
import { slotKey } from './slot.js'
import { NamedTurns, NumberedTurns, type Turns } from './turns.js'

/** The tasks of one service by their slots; for a global service each node is one, whether it has tasks or not. */
export interface SlotTasks {
  readonly groups: ReadonlyMap<string, readonly TaskRecord[]>
  /**
   * The slots to be looked at. In the others nothing is to be done as long as their tasks, the nodes of these, and the
   * service's spec version stay as they are: each has one wanted task, which runs as it should or is left to get there,
   * or it waits for its turn in a rollout.
   */
  readonly stirred: ReadonlySet<string>
  /** Those of the others that are to change, and run as they were meant to until it is their turn in a rollout. */
  readonly waiting: ReadonlySet<string>
}

/** Slots that were looked at, and need no other look: see SlotTasks. */
export interface LeftAlone {
  /** Nothing is to be done in them. */
  readonly quiet: readonly string[]
  /** They are to change when it is their turn. */
  readonly waiting: readonly string[]
}

/** How much of a large service is looked at in one go while its book is made: a few milliseconds of work. */
export interface Portions {
  readonly tasks: number
  readonly slots: number
}

const PORTIONS: Portions = { tasks: 2_000, slots: 500 }

/** @returns which of these slots are to be left alone */
export type Look = (groups: SlotTasks['groups'], keys: readonly string[]) => LeftAlone

/**
 * Follows the tasks of one service from change to change, and remembers in which slots nothing is to be done, so that
 * a decision about a large service costs what has changed and not what there is. It has to be made ready first, piece
 * by piece: see `prepare`.
 */
export class SlotBook implements SlotTasks {
  readonly #portions: Portions
  /** The nodes, for a global service. */
  readonly #nodes: (() => Iterable<string>) | undefined
  /** The tasks that were there before it began to follow them; undefined when all have been read. */
  #unread: Iterator<TaskRecord> | undefined
  /** The slots that nobody has looked at. */
  #unseen: Iterator<string> | undefined
  #isReady = false
  readonly #groups = new Map<string, readonly TaskRecord[]>()
  readonly #stirred = new Set<string>()
  readonly #turns: Turns
  /** The spec version for which slots were found quiet. */
  #version = 0
  #doubts: Iterator<string> | undefined

  /**
   * @param tasks of the service, to be read as they are when it is their turn
   * @param nodes their IDs, for a global service
   */
  constructor(tasks: Iterable<TaskRecord>, nodes?: () => Iterable<string>, portions = PORTIONS) {
    this.#unread = tasks[Symbol.iterator]()
    this.#nodes = nodes
    this.#portions = portions
    this.#turns = nodes ? new NamedTurns() : new NumberedTurns()
  }

  /** The book of all of these tasks, ready, with all slots to be looked at. */
  static of(tasks: Iterable<TaskRecord>, nodes?: () => Iterable<string>): SlotBook {
    const book = new SlotBook([], nodes)
    for (const task of tasks) book.#put(slotKey(task), task)
    for (const nodeId of nodes?.() ?? []) book.#stir(nodeId)
    return book
  }

  /**
   * Reads a portion of what there is, or has a portion of the slots looked at: after a takeover nearly all of them are
   * quiet, and to find that out in one go would keep the process from all else.
   * @returns whether all is done
   */
  prepare(look: Look): boolean {
    if (this.#unread) this.#read(this.#unread)
    if (this.#unread) return false
    if (!this.#isReady && this.#stirred.size > this.#portions.slots) this.#see(look)
    else this.#isReady = true
    return this.#isReady
  }

  #read(tasks: Iterator<TaskRecord>): void {
    for (let count = 0; count < this.#portions.tasks; count++) {
      const next = tasks.next()
      if (next.done) {
        this.#unread = undefined
        return
      }
      this.#put(slotKey(next.value), next.value)
    }
  }

  #see(look: Look): void {
    this.#unseen ??= this.#keys()
    const keys: string[] = []
    while (!this.#isReady && keys.length < this.#portions.slots) {
      const next = this.#unseen.next()
      if (next.done) this.#isReady = true
      else keys.push(next.value)
    }
    this.leaveAlone(look(this.#groups, keys))
  }

  get groups(): ReadonlyMap<string, readonly TaskRecord[]> {
    return this.#groups
  }

  get stirred(): ReadonlySet<string> {
    return this.#stirred
  }

  get waiting(): ReadonlySet<string> {
    return this.#turns.waiting
  }

  /** The slots as they are to be looked at for a service of this spec version: for another one, all of them. */
  asOf(version: number): this {
    if (version === this.#version) return this
    this.#version = version
    for (const key of this.#keys()) this.#stir(key)
    this.#unseen = undefined
    this.#isReady = false
    return this
  }

  /** Follows one change of a task of the service. */
  follow(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    if (after) this.#put(slotKey(after), after)
    else if (before) this.#drop(slotKey(before), before.ID)
  }

  /** Something else has changed that concerns the task: its node. */
  stir(task: TaskRecord): void {
    this.#stir(slotKey(task))
  }

  /** A node has changed, or come, or gone. */
  stirNode(nodeId: string): void {
    if (this.#nodes) this.#stir(nodeId)
  }

  /** Has so many slots looked at whose turn may come next. */
  stirWaiting(count: number): void {
    for (const key of this.#turns.take(count)) this.#stirred.add(key)
  }

  /** What was found of these slots as they stand. */
  leaveAlone({ quiet, waiting }: LeftAlone): void {
    for (const key of [...quiet, ...waiting]) this.#stirred.delete(key)
    this.#turns.add(waiting)
  }

  /** Has some slots looked at again in any case, others each time. */
  doubt(count: number): void {
    this.#doubts ??= this.#keys()
    for (let looked = 0; looked < count; looked++) {
      const next = this.#doubts.next()
      if (next.done) {
        this.#doubts = undefined
        return
      }
      this.#stir(next.value)
    }
  }

  *#keys(): Generator<string> {
    yield* this.#groups.keys()
    for (const nodeId of this.#nodes?.() ?? []) if (!this.#groups.has(nodeId)) yield nodeId
  }

  #stir(key: string): void {
    this.#turns.delete(key)
    this.#stirred.add(key)
  }

  #put(key: string, task: TaskRecord): void {
    this.#stir(key)
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, [task])
    else if (group.some(({ ID }) => ID === task.ID)) {
      this.#groups.set(
        key,
        group.map((one) => (one.ID === task.ID ? task : one)),
      )
    } else this.#groups.set(key, [...group, task])
  }

  #drop(key: string, taskId: string): void {
    const left = this.#groups.get(key)?.filter(({ ID }) => ID !== taskId) ?? []
    if (left.length > 0) {
      this.#groups.set(key, left)
      this.#stir(key)
      return
    }
    this.#groups.delete(key)
    this.#stir(key)
    // A slot of a replicated service is nothing without tasks.
    if (!this.#nodes) this.#stirred.delete(key)
  }
}
