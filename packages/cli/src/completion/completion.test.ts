import { spawnSync } from 'node:child_process'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TREE } from '../commands/tree.js'
import { type FakeManager, fakeManager } from '../testing/index.js'
import { completionScript, SHELLS } from './index.js'

let manager: FakeManager
beforeEach(async () => {
  const names = (key: string) => () => ({ body: [{ [key]: { Name: 'web' } }, { [key]: { Name: 'api' } }] })
  manager = await fakeManager(
    {
      'GET /services': names('Spec'),
      'GET /networks': () => ({ body: [{ Name: 'front' }, { Name: 'ingress' }] }),
      'GET /nodes': () => ({ body: [{ Description: { Hostname: 'alpha' } }] }),
      'GET /containers/json': () => ({ body: [{ Names: [`/alpha/web.1.${'a'.repeat(25)}`] }] }),
    },
    new VirtualClock(),
  )
})
afterEach(() => manager.close())

const completed = async (...words: string[]): Promise<string[]> => {
  const { code, out, err } = await manager.ctl('__complete', ...words)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0] ?? '')
}

describe('what may follow', () => {
  test.each([
    [['ser'], ['service']],
    [['service', 'ro'], ['rollback']],
    [['swarm', 'take'], []],
    [
      ['service', 'ps', ''],
      ['api', 'web'],
    ],
    [['service', 'ps', 'web', ''], ['api']],
    [['service', 'scale', 'w'], ['web=']],
    [['node', 'update', '--availability', 'dr'], ['drain']],
    [['node', 'update', '--availability=dr'], ['--availability=drain']],
    [['node', 'update', '--availability', 'drain', ''], ['alpha']],
    [['service', 'create', '--network', 'f'], ['front']],
    [['service', 'create', '--network=f'], ['--network=front']],
    [['service', 'update', '--update-or'], ['--update-order']],
    [['exec', '-it', ''], ['web.1']],
    [['exec', 'web.1', 'ls', '-'], []],
    [['completion', 'z'], ['zsh']],
    [['--cont'], ['--context']],
    [['--context', ''], ['default']],
    [['-c', 'default', 'node', 'ps', ''], ['alpha']],
    [['frob', ''], []],
    [['secret', 'rm', ''], []],
  ])('%j: %j', async (words, expected) => {
    expect(await completed(...words)).toEqual(expected)
  })

  test('every command that is shown is offered', async () => {
    const shown = Object.entries(TREE).map(([name]) => name)
    expect(await completed('')).toEqual(shown)
  })
})

test.each(SHELLS)('there is a script for %s', async (shell) => {
  const { code, out } = await manager.ctl('completion', shell)
  expect(code).toBe(0)
  expect(out).toContain('__complete')
  expect(out).not.toContain('\\${')
})

test('the script for bash is bash', () => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: completionScript('bash'), encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('bash is told only what is missing behind the last place where it cuts words', () => {
  const script = `ctl() { printf '%s\\t\\n' "--update-order=start-first"; }
${completionScript('bash')}
COMP_LINE='ctl service update --update-order=st' COMP_POINT=36; _ctl; echo "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', { input: script, encoding: 'utf8' })
  expect(stdout).toBe('start-first\n')
})
