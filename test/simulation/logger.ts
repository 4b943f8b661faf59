import { ShoalError, type Logger } from '@shoal/common'

/** A logger of which only what must never be logged matters: errors that nobody's fault explains. */
export function watchfulLogger(onError: (text: string) => void): Logger {
  const silent = (): void => undefined
  const error = (fields: unknown, text?: string): void => {
    const cause = (fields as { err?: unknown } | undefined)?.err
    if (cause instanceof ShoalError && EXPECTED.has(cause.code)) return
    if (cause instanceof Error && cause.message.startsWith('ENOSPC')) return
    if (cause === undefined && !(text ?? '').includes('spec that does not exist')) return
    onError(`${text ?? ''}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`)
  }
  const logger = {
    trace: silent,
    debug: silent,
    info: silent,
    warn: silent,
    error,
    fatal: error,
    child: (): Logger => logger as unknown as Logger,
  }
  return logger as unknown as Logger
}

/** What faults of the store and of the network make of honest work. */
const EXPECTED = new Set(['unavailable', 'conflict', 'permission-denied', 'failed-precondition'])
