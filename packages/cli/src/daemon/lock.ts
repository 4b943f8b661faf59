import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, sleep } from '@shoal/common/clock'
import { ShoalError } from '@shoal/common/errors'

const POLL_MS = 100

/**
 * Runs work that starts, ends or sets up daemons of this host while no other ctl does: the agent has ctl start a
 * manager whenever its node is promoted, and that may be while someone leaves. A lock whose holder is gone counts
 * for nothing.
 * @param patienceMs how long to wait for another's work, in milliseconds
 * @throws unavailable when it is not over by then
 */
export async function withHostLock<Result>(
  runDir: string,
  clock: Clock,
  patienceMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const path = join(runDir, 'ctl.lock')
  mkdirSync(runDir, { recursive: true, mode: 0o755 })
  const untilMs = clock.now() + patienceMs
  while (!take(path)) {
    if (clock.now() >= untilMs) {
      throw new ShoalError(
        'unavailable',
        `another ctl (process ${holderOf(path) ?? '?'}) is at work on this host`,
      )
    }
    await sleep(clock, POLL_MS)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** The file appears with its content, or not at all. */
function take(path: string): boolean {
  const own = `${path}.${process.pid}`
  writeFileSync(own, `${process.pid} ${startOf(process.pid) ?? ''}`)
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (holderOf(path) === undefined) removeStale(path, own)
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** Moved away before it is looked at once more: meanwhile another may have removed it and taken the lock. */
function removeStale(path: string, spare: string): void {
  try {
    renameSync(path, spare)
    if (holderOf(spare) !== undefined) linkSync(spare, path)
  } catch {
    // Another was quicker.
  }
}

/** The process that holds the lock; undefined when it is gone, whoever may have its number now. */
function holderOf(path: string): number | undefined {
  try {
    const [pid = '', start] = readFileSync(path, 'utf8').split(' ')
    return start !== undefined && startOf(Number(pid)) === start ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

/** When a process began, in the kernel's ticks; undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may hold anything; the start is the 20th word after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
