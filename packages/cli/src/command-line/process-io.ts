import type { Clock } from '@shoal/common/clock'
import { callerFor, findEndpoint, ManagerClient } from '../client/index.js'
import type { Io } from '../commands/lib/command.js'
import { liveScreen, plainScreen } from '../progress/index.js'

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/** The world as this process has it. */
export function processIo(host: string | undefined, clock: Clock): Io {
  const write = (text: string): void => void process.stdout.write(text)
  let client: ManagerClient | undefined
  return {
    print: (text) => write(`${text}\n`),
    warn: (text) => void process.stderr.write(`${text}\n`),
    environment: process.env,
    clock,
    client: () => (client ??= new ManagerClient(callerFor(findEndpoint(host, process.env)))),
    screen: () =>
      process.stdout.isTTY
        ? liveScreen(write, () => ({
            columns: process.stdout.columns || DEFAULT_COLUMNS,
            rows: process.stdout.rows || DEFAULT_ROWS,
          }))
        : plainScreen(write),
    async untilInterrupted(work) {
      const stop = new AbortController()
      const interrupt = (): void => stop.abort()
      process.once('SIGINT', interrupt)
      try {
        return await work(stop.signal)
      } finally {
        process.removeListener('SIGINT', interrupt)
      }
    },
  }
}
