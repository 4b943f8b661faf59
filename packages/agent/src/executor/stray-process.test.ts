import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { killStrayProcesses, meansStrayProcess } from './stray-process.js'

const STRAY = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

describe('processes that a killed engine has left behind', () => {
  let proc: string

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'shoal-proc-'))
    mkdirSync(join(proc, 'sys'))
    const groups = { 1: '0::/init.scope', 20: `4:pids:/docker/${STRAY}`, 30: `0::/docker-${OTHER}.scope` }
    for (const [pid, group] of Object.entries(groups)) {
      mkdirSync(join(proc, pid))
      writeFileSync(join(proc, pid, 'cgroup'), `${group}\n`)
    }
    mkdirSync(join(proc, '40')) // It ends while it is looked at.
  })
  afterEach(() => rmSync(proc, { recursive: true }))

  test('are killed, and no others', async () => {
    const killed: number[] = []
    expect(await killStrayProcesses(STRAY, proc, (pid) => killed.push(pid))).toBe(1)
    expect(killed).toEqual([20])
  })

  test('that have ended meanwhile do not count', async () => {
    const gone = (): never => {
      throw new Error('ESRCH')
    }
    expect(await killStrayProcesses(STRAY, proc, gone)).toBe(0)
  })

  test.each(['', 'docker', 'aaaa'])('what is no full ID names none: "%s"', async (id) => {
    expect(await killStrayProcesses(id, proc, () => {})).toBe(0)
  })

  test.each([
    [`task ${STRAY}: already exists`, true],
    [`failed to create task for container: task ${STRAY}: already exists`, true],
    ['driver failed programming external connectivity: port is already allocated', false],
    ['OCI runtime create failed: exec: "nothing": executable file not found in $PATH', false],
  ])('are told from other refusals: %s', (message, expected) => {
    expect(meansStrayProcess(message)).toBe(expected)
  })
})
