import { mustRun, onHost } from '../machine.js'

export const DISK = '/mnt/disk'
const FILLER = `${DISK}/filler`

/** Fills the disk of a host to the last byte. @throws Error when it is full already, or has no disk of its own */
export async function fillDisk(machine: string): Promise<void> {
  const { code } = await onHost(machine, ['mountpoint', '-q', DISK])
  if (code !== 0) {
    throw new Error(`${machine} has no disk of its own to be filled: bring the lab up with --disk <MiB>`)
  }
  if (await isDiskFull(machine)) throw new Error(`the disk of ${machine} is full already`)
  // What is left is less than fallocate takes at once: the rest is written byte by byte, until there is no space left.
  const script = `fallocate -l "$(df --output=avail -B1 ${DISK} | tail -n 1)" ${FILLER}; cat /dev/zero >>${FILLER}`
  const { stderr } = await onHost(machine, ['sh', '-c', script])
  if (!stderr.includes('No space left'))
    throw new Error(`the disk of ${machine} cannot be filled: ${stderr.trim()}`)
}

/** Gives the space back. @throws Error when the disk was not filled */
export async function freeDisk(machine: string): Promise<void> {
  if (!(await isDiskFull(machine))) throw new Error(`the disk of ${machine} is not full`)
  await mustRun(machine, ['rm', FILLER])
}

export async function isDiskFull(machine: string): Promise<boolean> {
  return (await onHost(machine, ['test', '-e', FILLER])).code === 0
}
