import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const CONTAINER_ID = /^[0-9a-f]{64}$/
/** What the engine says of a start when a process of that container exists that it does not know of. */
const STRAY = /task [0-9a-f]{64}: already exists|id already in use/

/** Whether a start was refused because of what an engine that was killed had left behind. */
export function meansStrayProcess(message: string): boolean {
  return STRAY.test(message)
}

/**
 * Kills what runs in a container that the engine takes for one that does not run. An engine that is killed in the
 * midst of a start leaves such a process; its successor can neither see, start nor stop it.
 * @param containerId the full ID: the processes' control groups are named after it
 * @returns how many processes were killed
 */
export async function killStrayProcesses(
  containerId: string,
  procFolder = '/proc',
  kill: (pid: number) => void = (pid) => void process.kill(pid, 'SIGKILL'),
): Promise<number> {
  if (!CONTAINER_ID.test(containerId)) return 0
  let killed = 0
  for (const name of await readdir(procFolder)) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || !(await isIn(containerId, join(procFolder, name, 'cgroup')))) continue
    try {
      kill(pid)
      killed++
    } catch {
      // It has ended by itself.
    }
  }
  return killed
}

async function isIn(containerId: string, cgroupFile: string): Promise<boolean> {
  try {
    return (await readFile(cgroupFile, 'utf8')).includes(containerId)
  } catch {
    // The process has ended.
    return false
  }
}
