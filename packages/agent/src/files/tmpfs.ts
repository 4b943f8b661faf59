import { execFile } from 'node:child_process'
import { mkdir, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import { messageOf, ShoalError } from '@shoal/common'

/** What statfs says of a tmpfs: TMPFS_MAGIC of linux/magic.h. */
const TMPFS = 0x01021994

/**
 * Makes a folder that only root can enter and that never reaches a disk, unless it is one already.
 * @throws ShoalError `failed-precondition` when a tmpfs cannot be mounted
 */
export async function ensureTmpfs(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((await statfs(directory)).type === TMPFS) return
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'mode=0700', 'shoal', directory])
  } catch (error) {
    throw new ShoalError(
      'failed-precondition',
      `no tmpfs for secrets and configs can be mounted at ${directory}: ${messageOf(error)}`,
      error,
    )
  }
}
