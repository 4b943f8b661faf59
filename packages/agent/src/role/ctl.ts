import { spawn } from 'node:child_process'
import { ShoalError } from '@shoal/common'

/**
 * Runs ctl on this host. It is not ended with this process: half a change of role would be worse than a late one.
 * @param program the path of ctl's main module; undefined: nobody has told it to this agent
 * @throws ShoalError `failed-precondition` without it, `unavailable` with ctl's own words when it fails
 */
export function runCtl(program: string | undefined, args: readonly string[]): Promise<void> {
  if (program === undefined) {
    const reason = 'this agent was started without --ctl: it cannot start or end a manager'
    return Promise.reject(new ShoalError('failed-precondition', reason))
  }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    child.once('error', (error) => reject(new ShoalError('unavailable', error.message, error)))
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new ShoalError('unavailable', complaint.trim() || `ctl ended with code ${code}`))
    })
  })
}
