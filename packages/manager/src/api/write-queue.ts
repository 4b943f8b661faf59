/**
 * Lets one piece of work run after another, in the order of asking. A failure does not stop those behind it.
 * The API's servers over one state share one, so that no two services get the same name.
 */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve()

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
