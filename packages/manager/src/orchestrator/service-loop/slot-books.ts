import { isJob } from '@shoal/engine-api'
import { type Change, type ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { isGlobal, nodeIds } from '../global/global.js'
import { SlotBook, type LeftAlone, type Look, type Portions } from '../slot/slot-book.js'
import { rolloutConfig } from '../update/config.js'

/** So many quiet slots of each service are looked at in each period although nothing seems to have changed. */
const DOUBTED_SLOTS = 2_000

/** The slot books of all services but jobs that were decided on in this term. */
export class SlotBooks {
  readonly #view: StateView
  readonly #portions: Portions | undefined
  readonly #books = new Map<string, SlotBook>()
  /** The IDs of the global services among them. */
  readonly #global = new Set<string>()

  /** @param portions how much of a large service is looked at in one go */
  constructor(view: StateView, portions?: Portions) {
    this.#view = view
    this.#portions = portions
  }

  /** To be told of every change, at once. */
  follow(change: Change): void {
    if (change.kind === 'task') {
      const task = change.after ?? change.before
      if (task) this.#books.get(task.ServiceID)?.follow(change.before, change.after)
    } else if (change.kind === 'node') {
      const node = change.after ?? change.before
      if (node) this.#stirNode(node.ID)
    } else if (change.kind === 'service' && change.before && !change.after) this.#forget(change.before.ID)
  }

  #stirNode(nodeId: string): void {
    for (const task of this.#view.tasksOfNode(nodeId)) this.#books.get(task.ServiceID)?.stir(task)
    for (const serviceId of this.#global) this.#books.get(serviceId)?.stirNode(nodeId)
  }

  #forget(serviceId: string): void {
    this.#books.delete(serviceId)
    this.#global.delete(serviceId)
  }

  /**
   * The book for a decision that is made now: the slots that may have their turn in it are to be looked at.
   * @returns nothing for services whose decisions look at all of their tasks: jobs, and those that are gone
   */
  of(serviceId: string): SlotBook | undefined {
    const service = this.#view.get('service', serviceId)
    const book = this.#bookOf(serviceId, service)
    if (service === undefined || book === undefined) return undefined
    for (const { Task: id } of service.Shoal.Rebalance?.Moves ?? []) {
      const task = this.#view.get('task', id)
      if (task) book.stir(task)
    }
    book.stirWaiting(rolloutConfig(service).parallelism)
    return book
  }

  #bookOf(serviceId: string, service: ServiceRecord | undefined): SlotBook | undefined {
    if (service === undefined || isJob(service.Spec)) {
      this.#forget(serviceId)
      return undefined
    }
    let book = this.#books.get(serviceId)
    if (book === undefined) {
      const nodes = isGlobal(service) ? () => nodeIds(this.#view) : undefined
      book = new SlotBook(this.#view.tasksOfService(serviceId), nodes, this.#portions)
      this.#books.set(serviceId, book)
      if (nodes) this.#global.add(serviceId)
    }
    return book.asOf(service.Shoal.SpecVersion)
  }

  /**
   * See SlotBook.prepare. To be called, until it says so, before anything is decided.
   * @returns whether a decision can be made now
   */
  prepare(serviceId: string, look: Look): boolean {
    return this.#bookOf(serviceId, this.#view.get('service', serviceId))?.prepare(look) ?? true
  }

  /** See SlotBook.leaveAlone. Nothing may have changed since the slots were looked at. */
  leaveAlone(serviceId: string, slots: LeftAlone): void {
    this.#books.get(serviceId)?.leaveAlone(slots)
  }

  /** Once a period: what an error has left behind is to be found in time, but not all of a large service at once. */
  doubt(): void {
    for (const book of this.#books.values()) book.doubt(DOUBTED_SLOTS)
  }
}
