import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '@shoal/common'
import { ENVIRONMENT, type Program } from './run.js'

export interface Watcher {
  readonly onLine: (line: string) => void
  /** Something was told that did not arrive. */
  readonly onLost: () => void
}

/**
 * Runs a program that tells of changes of the kernel, a line each, until it is aborted. Resolves when the program has
 * ended, for whatever reason, also for not being installed.
 */
export type Watch = (
  program: Program,
  args: readonly string[],
  watcher: Watcher,
  signal: AbortSignal,
) => Promise<void>

/** A program that has ended is started again after so long, in milliseconds. */
export const PAUSE_MS = 60_000

export interface WatchOptions {
  readonly watch: Watch
  readonly clock: Clock
  /** Aborted when nobody wants to know any more. */
  readonly ended: AbortSignal
}

export const watchProgram: Watch = (program, args, { onLine, onLost }, signal) =>
  new Promise((resolve) => {
    const child = spawn(program, args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'], signal })
    createInterface({ input: child.stdout }).on('line', onLine)
    // What these programs complain of is that the kernel had more to tell than they could read.
    createInterface({ input: child.stderr }).on('line', onLost)
    // It would live on until it had something to tell.
    const kill = (): void => void child.kill()
    process.once('exit', kill)
    const ended = (): void => {
      process.off('exit', kill)
      resolve()
    }
    child.on('error', ended)
    child.on('close', ended)
  })
