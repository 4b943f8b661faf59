import { existsSync } from 'node:fs'
import { RUN_LABEL } from './lab-host.js'
import { mustRunProgram, runProgram } from './program.js'

/**
 * Removes the hosts, and their networks, of test runs whose process is gone: one that was killed could not clean up.
 * @param own a run that is over although its process still lives
 */
export async function removeLeftovers(own?: number): Promise<void> {
  const format = `{{.ID}} {{.Label "${RUN_LABEL}"}} {{.Networks}}`
  const listing = await mustRunProgram('docker', [
    'ps',
    '-a',
    '--filter',
    `label=${RUN_LABEL}`,
    '--format',
    format,
  ])
  const rows = listing
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '))
  for (const [id = '', pid = '', network = ''] of rows) {
    if (Number(pid) !== own && existsSync(`/proc/${pid}`)) continue
    await runProgram('docker', ['rm', '-f', '-v', id])
    // The last host of a network lets it go.
    await runProgram('docker', ['network', 'rm', network])
  }
}
