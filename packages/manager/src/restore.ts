/** The process that brings a cluster back from a backup: `node restore.js --config <file> --from <backup>`. */
import { parseArgs } from 'node:util'
import { createLogger, messageOf, systemClock, systemRandom } from '@shoal/common'
import { readManagerConfig } from './config.js'
import { restoreCluster } from './transfer/index.js'

const { values } = parseArgs({ options: { config: { type: 'string' }, from: { type: 'string' } } })
if (values.config === undefined || values.from === undefined) {
  console.error('usage: restore --config <file> --from <backup>')
  process.exit(2)
}

try {
  const config = readManagerConfig(values.config)
  const log = createLogger('manager', 'silent')
  const parts = { config, clock: systemClock, random: systemRandom, log }
  console.log(JSON.stringify(await restoreCluster(parts, values.from)))
} catch (error) {
  // Whoever started this shows it.
  console.error(messageOf(error))
  process.exitCode = 1
}
process.exit()
