import type { TaskRecord } from '../../state/records.js'
import { slotKey } from './slot.js'

/** The tasks of one service by their slots. */
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
  /** The tasks that were there before it began to follow them; undefined when all have been read. */
  #unread: Iterator<TaskRecord> | undefined
  /** The slots that nobody has looked at. */
  #unseen: Iterator<string> | undefined
  #isReady = false
  readonly #groups = new Map<string, readonly TaskRecord[]>()
  readonly #stirred = new Set<string>()
  readonly #waiting = new Set<string>()
  /** No slot with a lower number waits. */
  #lowestWaiting = 0
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
    this.leaveAlone(look(this.#groups, keys))
  }

  get groups(): ReadonlyMap<string, readonly TaskRecord[]> {
    return this.#groups
  }

  get stirred(): ReadonlySet<string> {
    return this.#stirred
  }

  get waiting(): ReadonlySet<string> {
    return this.#waiting
  }

  /** The slots as they are to be looked at for a service of this spec version: for another one, all of them. */
  asOf(version: number): this {
    if (version === this.#version) return this
    this.#version = version
    for (const key of this.#groups.keys()) this.#stir(key)
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

  /** Has so many slots looked at whose turn may come next: of those that wait, the ones with the lowest numbers. */
  stirWaiting(count: number): void {
    const left = Math.max(0, this.#waiting.size - count)
    for (; this.#waiting.size > left; this.#lowestWaiting++) {
      const key = String(this.#lowestWaiting)
      if (this.#waiting.has(key)) this.#stir(key)
    }
  }

  /** What was found of these slots as they stand. */
  leaveAlone({ quiet, waiting }: LeftAlone): void {
    for (const key of quiet) this.#stirred.delete(key)
    for (const key of waiting) {
      this.#stirred.delete(key)
      this.#waiting.add(key)
      this.#lowestWaiting = Math.min(this.#lowestWaiting, Number(key))
    }
  }

  /** Has some slots looked at again in any case, others each time. */
  doubt(count: number): void {
    for (let looked = 0; looked < Math.min(count, this.#groups.size); looked++) {
      this.#doubts ??= this.#groups.keys()
      const next = this.#doubts.next()
      if (next.done) this.#doubts = undefined
      else this.#stir(next.value)
    }
  }

  #stir(key: string): void {
    this.#waiting.delete(key)
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
    } else {
      this.#groups.delete(key)
      this.#stirred.delete(key)
      this.#waiting.delete(key)
    }
  }
}
