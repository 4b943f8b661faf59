import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '@shoal/common'
import { mustRun, type Run } from './run.js'
import type { Step } from './steps.js'

type Performers = {
  readonly [K in Step['kind']]: (steps: readonly Extract<Step, { kind: K }>[], run: Run) => Promise<unknown>
}

const lines = (steps: readonly { readonly line: string }[]): string =>
  steps.map(({ line }) => `${line}\n`).join('')

/** How steps of one kind that follow one another are carried out: together, where the program can. */
const PERFORMERS: Performers = {
  // With -force a line that fails does not keep the others from being done; the exit code still tells.
  ip: (steps, run) => mustRun(run, 'ip', ['-force', '-batch', '-'], lines(steps)),
  bridge: (steps, run) => mustRun(run, 'bridge', ['-force', '-batch', '-'], lines(steps)),
  iptables: (steps, run) => eachOf(steps, ({ args }) => mustRun(run, 'iptables', ['-w', ...args])),
  sysctl: (steps) => eachOf(steps, ({ path, value }) => writeFile(join('/proc/sys', path), `${value}\n`)),
  module: (steps, run) => eachOf(steps, ({ name }) => mustRun(run, 'modprobe', [name])),
}

/**
 * Does what is to be done, in order, and goes on after a failure: the next look at the kernel tells what is missing.
 * @returns what failed, in words
 */
export async function carryOut(steps: readonly Step[], run: Run): Promise<string[]> {
  const failures: string[] = []
  for (const group of groups(steps)) {
    try {
      await perform(group, run)
    } catch (error) {
      failures.push(messageOf(error))
    }
  }
  return failures
}

/** Removes a device that may be gone already: the engine leaves a bridge that it has not made itself. */
export async function dropDevice(run: Run, name: string): Promise<void> {
  await run('ip', ['link', 'del', name])
}

function perform<K extends Step['kind']>(
  group: readonly Extract<Step, { kind: K }>[],
  run: Run,
): Promise<unknown> {
  const kind = group[0]!.kind
  return PERFORMERS[kind](group, run)
}

/** Steps of the same kind that follow one another. */
function groups(steps: readonly Step[]): Step[][] {
  const result: Step[][] = []
  for (const step of steps) {
    const last = result.at(-1)
    if (last?.[0]?.kind === step.kind) last.push(step)
    else result.push([step])
  }
  return result
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = []
  for (const item of items) await work(item).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
