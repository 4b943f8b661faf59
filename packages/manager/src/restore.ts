/** The process that brings a cluster back from a backup: `node restore.js --config <file> --from <backup>`. */
import { createLogger, messageOf, systemClock, systemRandom } from '@shoal/common'
import { orExit, readArguments } from '@shoal/common/program'
import { readManagerConfig } from './config.js'
import { restoreCluster } from './transfer/index.js'

const COMMAND_LINE = {
  usage: 'restore --config <file> --from <backup>',
  required: ['config', 'from'],
} as const

const given = orExit(() => readArguments(COMMAND_LINE, process.argv.slice(2)))

try {
  const config = readManagerConfig(given.config)
  const log = createLogger('manager', 'silent')
  const parts = { config, clock: systemClock, random: systemRandom, log }
  console.log(JSON.stringify(await restoreCluster(parts, given.from)))
} catch (error) {
  // Whoever started this shows it.
  console.error(messageOf(error))
  process.exitCode = 1
}
process.exit()
