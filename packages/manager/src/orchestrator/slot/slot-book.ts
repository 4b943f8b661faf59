import type { TaskRecord } from '../../state/records.js'
import { slotKey } from './slot.js'

/** The tasks of one service by their slots. */
export interface SlotTasks {
  readonly groups: ReadonlyMap<string, readonly TaskRecord[]>
  /**
   * The slots to be looked at. In the others nothing is to be done as long as their tasks, the nodes of these, and the
   * service's spec version stay as they are: each has one wanted task, which runs as it should or is left to get there.
   */
  readonly stirred: ReadonlySet<string>
}

/** How much of a large service is looked at in one go while its book is made: a few milliseconds of work. */
export interface Portions {
  readonly tasks: number
  readonly slots: number
}

const PORTIONS: Portions = { tasks: 2_000, slots: 500 }

/** @returns which of these slots nothing is to be done in */
export type Look = (groups: SlotTasks['groups'], keys: readonly string[]) => readonly string[]

/**
 * Follows the tasks of one service from change to change, and remembers in which slots nothing is to be done, so that
 * a decision about a large service costs what has changed and not what there is. It has to be made ready first, piece
 * by piece: see `prepare`.
 */
export class SlotBook implements SlotTasks {
  readonly #portions: Portions
  /** The tasks that were there before it began to follow them; undefined when all have been read. */
  #unread: Iterator<TaskRecord> | undefined
  /** The slots that nobody has looked at. */
  #unseen: Iterator<string> | undefined
  #isReady = false
  readonly #groups = new Map<string, readonly TaskRecord[]>()
  readonly #stirred = new Set<string>()
  /** The spec version for which slots were found quiet. */
  #version = 0
  #doubts: Iterator<string> | undefined

  /** @param tasks of the service, to be read as they are when it is their turn */
  constructor(tasks: Iterable<TaskRecord>, portions = PORTIONS) {
    this.#unread = tasks[Symbol.iterator]()
    this.#portions = portions
  }

  /** The book of all of these tasks, ready, with all slots to be looked at. */
  static of(tasks: Iterable<TaskRecord>): SlotBook {
    const book = new SlotBook([])
    for (const task of tasks) book.#put(slotKey(task), task)
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
    if (!this.#isReady && this.#groups.size > this.#portions.slots) this.#see(look)
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
    this.#unseen ??= this.#groups.keys()
    const keys: string[] = []
    while (!this.#isReady && keys.length < this.#portions.slots) {
      const next = this.#unseen.next()
      if (next.done) this.#isReady = true
      else keys.push(next.value)
    }
    this.quieten(look(this.#groups, keys))
  }

  get groups(): ReadonlyMap<string, readonly TaskRecord[]> {
    return this.#groups
  }

  get stirred(): ReadonlySet<string> {
    return this.#stirred
  }

  /** The slots as they are to be looked at for a service of this spec version. */
  asOf(version: number): this {
    if (version !== this.#version) for (const key of this.#groups.keys()) this.#stirred.add(key)
    this.#version = version
    return this
  }

  /** Follows one change of a task of the service. */
  follow(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    if (after) this.#put(slotKey(after), after)
    else if (before) this.#drop(slotKey(before), before.ID)
  }

  /** Something else has changed that concerns the task: its node. */
  stir(task: TaskRecord): void {
    this.#stirred.add(slotKey(task))
  }

  /** Nothing was to be done in these slots, as they stand. */
  quieten(keys: Iterable<string>): void {
    for (const key of keys) this.#stirred.delete(key)
  }

  /** Has some slots looked at again in any case, others each time. */
  doubt(count: number): void {
    for (let looked = 0; looked < Math.min(count, this.#groups.size); looked++) {
      this.#doubts ??= this.#groups.keys()
      const next = this.#doubts.next()
      if (next.done) this.#doubts = undefined
      else this.#stirred.add(next.value)
    }
  }

  #put(key: string, task: TaskRecord): void {
    this.#stirred.add(key)
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
      this.#stirred.add(key)
    } else {
      this.#groups.delete(key)
      this.#stirred.delete(key)
    }
  }
}
