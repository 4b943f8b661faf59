import type { DocumentHandler } from './ports.js'

/** Several handlers of the same documents as one: what was told is in force when it is with all of them. */
export function together(...handlers: readonly DocumentHandler[]): DocumentHandler {
  const all = async (calls: (Promise<void> | void)[]): Promise<void> => {
    // Each is told, even if another fails at once.
    const results = await Promise.allSettled(calls.map((call) => Promise.resolve(call)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }
  return {
    replaceAll: (documents) => all(handlers.map((handler) => handler.replaceAll(documents))),
    change: (put, removed) => all(handlers.map((handler) => handler.change(put, removed))),
  }
}
