/** The manager's process: `node main.js --config <file>`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger, systemClock, systemRandom } from '@shoal/common'
import { readManagerConfig } from './config.js'
import { startManager } from './manager.js'

const { values } = parseArgs({ options: { config: { type: 'string' } } })
if (values.config === undefined) {
  console.error('usage: manager --config <file>')
  process.exit(2)
}

const config = readManagerConfig(values.config)
const log = createLogger('manager', config.logLevel)
const pidPath = join(config.runDir, 'manager.pid')

/** Runs until it is told to end. */
async function main(): Promise<void> {
  mkdirSync(config.runDir, { recursive: true, mode: 0o755 })
  writeFileSync(pidPath, `${process.pid}\n`)
  const asked = new Promise<string>((resolve) => {
    // Whoever asks twice gets no other end: a second signal without a handler would kill the process.
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve)
  })
  const manager = await startManager({ config, clock: systemClock, random: systemRandom, log })
  const signal = await asked
  log.info({ signal }, 'the manager ends')
  await manager.stop()
}

try {
  await main()
} catch (error) {
  log.fatal({ err: error }, 'the manager cannot run')
  process.exitCode = 1
} finally {
  rmSync(pidPath, { force: true })
}
process.exit()
