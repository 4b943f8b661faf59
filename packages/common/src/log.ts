import { pino, type Logger } from 'pino'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What waits for a log that cannot be written; what is beyond that is lost. */
const LONGEST_BACKLOG_BYTES = 1024 * 1024
const STANDARD_OUTPUT = 1

/**
 * The root logger of a process; parts take child loggers that carry their identity. A log that cannot be written, as
 * on a full disk, is no reason to end: what it was to say is said when there is space again, as far as it was kept.
 * @param fd the open file that it writes to
 */
export function createLogger(name: string, level: LogLevel, fd = STANDARD_OUTPUT): Logger {
  const destination = pino.destination({ dest: fd, sync: false, maxLength: LONGEST_BACKLOG_BYTES })
  // There is nowhere left to say it.
  destination.on('error', () => undefined)
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}

/** Says nothing: for tests. */
export const silentLogger: Logger = pino({ level: 'silent' })
