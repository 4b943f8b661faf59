import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedDockerClis } from '../support/index.js'
import { createContainersScene, type ContainersScene } from './containers-scene.js'

const CTL = fileURLToPath(new URL('../../bin/ctl', import.meta.url))

const SOON = { timeout: 30_000, interval: 100 }

const CLIS = await installedDockerClis()

let scene: ContainersScene

beforeAll(async () => {
  scene = await createContainersScene()
  await scene.runTask('talker', 'echo one; echo two >&2; echo three; sleep 300')
})
afterAll(() => scene.end())

describe('a container of a task, by the docker CLI through a manager', () => {
  test('is listed with its node', async () => {
    const { stdout } = await scene.docker('ps', '--format', '{{.Names}} {{.Image}} {{.Status}}')
    expect(stdout).toMatch(/^host-n1\/web\.1\.talker busybox Up .*\n$/)
  })

  test.each([
    ['health=none', true],
    ['health=healthy', false],
    ['publish=80-90/tcp', false],
    ['volume=/data', false],
    ['isolation=default', true],
    ['node=host-n1', true],
  ])('is found by the filter %s: %j', async (filter, expected) => {
    const { code, stdout } = await scene.docker('ps', '-q', '--filter', filter)
    expect({ code, found: stdout !== '' }).toEqual({ code: 0, found: expected })
  })

  test.each([['web.1.talker'], ['host-n1/web.1.talker'], ['talker'], ['web.1']])(
    'its logs are read by the name %s',
    async (name) => {
      const done = await scene.docker('logs', name)
      expect(done).toEqual({ code: 0, stdout: 'one\nthree\n', stderr: 'two\n' })
    },
  )

  test('runs another program, whose input, output and exit code arrive', async () => {
    const { code, stdout, stderr } = await scene.docker(
      'exec',
      'web.1',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 42',
    )
    expect({ code, stdout, stderr }).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' })
  })

  test('takes input to its end', async () => {
    const typed = await scene.shell('seq 1 20000 | docker exec -i web.1 sh -c "wc -l; exit 3"')
    expect(typed).toEqual({ code: 3, stdout: '20000\n', stderr: '' })
  })

  test('over TLS too, what comes after the end of the input is read', async () => {
    const script = 'seq 1 20000 | docker exec -i web.1 sh -c "wc -l; sleep 1; echo late; exit 3"'
    expect(await scene.shellOverTls(script)).toEqual({ code: 3, stdout: '20000\nlate\n', stderr: '' })
  })

  test('files are copied in and out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-cp-'))
    const content = Buffer.alloc(3_000_000, 'shoal ')
    await writeFile(join(folder, 'in'), content)
    expect(await scene.docker('cp', '-q', join(folder, 'in'), 'web.1.talker:/tmp/there')).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect(await scene.docker('cp', '-q', 'web.1.talker:/tmp/there', join(folder, 'out'))).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect(content.equals(await readFile(join(folder, 'out')))).toBe(true)
    await rm(folder, { recursive: true })
  })

  test('top, stats, diff and inspect answer', async () => {
    expect((await scene.docker('top', 'web.1')).stdout).toContain('sleep 300')
    const stats = await scene.docker('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'web.1')
    expect(stats).toMatchObject({ code: 0, stdout: expect.stringMatching(/ [1-9]\n$/) as string })
    expect((await scene.docker('diff', 'web.1')).code).toBe(0)
    const inspected = await scene.docker('inspect', '--format', '{{.Node.Name}} {{.State.Status}}', 'web.1')
    expect(inspected.stdout).toBe('host-n1 running\n')
  })

  test.each([
    ['stop', 'stopped'],
    ['kill', 'killed'],
    ['rm', 'removed'],
    ['pause', 'paused'],
    ['restart', 'restarted'],
  ])('%s is refused by name', async (verb, done) => {
    const { code, stderr } = await scene.docker(verb, 'web.1')
    expect(code).toBe(1)
    expect(stderr).toContain(`container web.1.talker is a task's and cannot be ${done} by itself`)
  })

  test('what is not there is told in Docker’s words', async () => {
    expect((await scene.docker('logs', 'nobody')).stderr).toContain('No such container: nobody')
    expect((await scene.docker('exec', 'nobody', 'true')).stderr).toContain('No such container: nobody')
  })
})

describe.each([
  { name: 'ctl', path: CTL },
  ...CLIS.map(({ version, path }) => ({ name: `docker ${version}`, path })),
])('a shell in a terminal, by $name', ({ path }) => {
  test('what is typed, ctrl-C, the window, a new window and the exit code arrive', async () => {
    // The script changes the window of its own terminal a while after the shell has begun.
    const shell = `stty rows 31 cols 97; (sleep 3; stty rows 33 cols 99 < /dev/tty) & ${path} exec -it web.1 sh`
    const { code, stdout } = await scene.inTerminal(shell, [
      'stty size\\n',
      'sleep 100\\n',
      '\\003',
      'echo after $?; until test "$(stty size)" = "33 99"; do sleep 1; done; echo re"sized"\\n',
      'exit 7\\n',
    ])
    expect(stdout).toContain('31 97')
    expect(stdout).toContain('after 130')
    expect(stdout).toContain('resized')
    expect(code).toBe(7)
  })
})

describe('the same by ctl', () => {
  test('takes input to its end, tells both outputs apart, and hands on the exit code', async () => {
    const typed = await scene.shell(`seq 1 20000 | ${CTL} exec -i web.1 sh -c "wc -l; echo err >&2; exit 3"`)
    expect(typed).toEqual({ code: 3, stdout: '20000\n', stderr: 'err\n' })
  })

  test('lists containers and tells the logs of one', async () => {
    const listed = await scene.shell(`${CTL} ps --format '{{.Names}} {{.Node}}'`)
    expect(listed.stdout).toContain('web.1.talker host-n1\n')
    expect(await scene.shell(`${CTL} logs talker`)).toEqual({
      code: 0,
      stdout: 'one\nthree\n',
      stderr: 'two\n',
    })
  })
})

describe('the events of a container', () => {
  const EXEC = /^exec_create: true +host-n1\nexec_start: true +host-n1\nexec_die host-n1\n/
  const FORMAT = ['--format', '{{.Action}} {{index .Actor.Attributes "node.name"}}']

  test('are those of its engine too, as they come, and only of the cluster’s tasks', async () => {
    const managers = [scene.follow('events', ...FORMAT), scene.followSecondary('events', ...FORMAT)]
    const sinceMs = Date.now()
    await scene.runOther()
    for (const { stdout } of managers) {
      await expect
        .poll(async () => {
          await scene.docker('exec', 'talker', 'true')
          return stdout()
        }, SOON)
        .toMatch(EXEC)
    }
    for (const told of managers) {
      await told.stop()
      expect(told.stdout()).not.toContain('create host')
    }

    // And of the past, in order.
    const since = ['--since', String(sinceMs / 1000), '--until', String(Date.now() / 1000)]
    const past = await scene.docker('events', ...since, ...FORMAT)
    expect(past.stdout).toMatch(EXEC)
    const pastElsewhere = scene.followSecondary('events', ...since, ...FORMAT)
    expect(await pastElsewhere.done).toEqual(past)
  })

  test('are filtered', async () => {
    const since = String(Date.now() / 1000)
    await scene.runTask('victim', 'exec sleep 300')
    await scene.removeTask('victim')
    const told = async (...filters: string[]): Promise<string> => {
      const flags = filters.flatMap((filter) => ['--filter', filter])
      const until = String(Date.now() / 1000)
      return (await scene.docker('events', '--since', since, '--until', until, ...flags, ...FORMAT)).stdout
    }
    expect(await told('event=destroy')).toBe('destroy host-n1\n')
    expect(await told('container=web.1', 'event=kill', 'event=create')).toBe('create host-n1\nkill host-n1\n')
    expect(await told('type=container', 'event=oom')).toBe('')
    expect(await told('type=service', 'event=kill')).toBe('')
    expect(await told('container=web.2', 'event=kill')).toBe('')
  })
})

describe('what an agent refuses', () => {
  test('containers that are no tasks of this cluster, also when the manager believes it', async () => {
    const other = await scene.runOther()
    await scene.claim('stranger', other)
    expect((await scene.docker('logs', 'stranger')).stderr).toContain(`No such container: ${other}`)
    expect((await scene.docker('exec', 'stranger', 'true')).stderr).toContain(`No such container: ${other}`)
    const { stream, answer } = scene.sessions.manager.dispatcher.engines.open('n1', {
      method: 'DELETE',
      path: `/containers/${other}`,
      apiVersion: '1.41',
    })
    stream.end().resume()
    expect(await answer).toMatchObject({ status: 403 })
  })
})

describe('the logs of a service', () => {
  test('are those of all its tasks, each line with where it comes from', async () => {
    await scene.runTask('singer', 'echo do; echo la; sleep 300')
    const { code, stdout, stderr } = await scene.docker('service', 'logs', 'web')
    expect(code).toBe(0)
    expect(
      stdout
        .split('\n')
        .map((line) => line.replace(/ +\|/, ' |'))
        .sort(),
    ).toEqual([
      '',
      'web.1.singer@host-n1 | do',
      'web.1.singer@host-n1 | la',
      'web.1.talker@host-n1 | one',
      'web.1.talker@host-n1 | three',
    ])
    expect(stderr).toMatch(/^web\.1\.talker@host-n1 +\| two$/m)
  })

  test('with times, and the last line of each task', async () => {
    const { stdout, stderr } = await scene.docker('service', 'logs', '--raw', '-t', '--tail', '1', 'web')
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('warning'))
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z \w+$/)
    expect(lines).toHaveLength(2)
    expect(stdout).toMatch(/ la$/m)
    expect(stdout).not.toMatch(/ do$/m)
  })

  test('of one task', async () => {
    expect(await scene.docker('service', 'logs', '--raw', 'singer')).toMatchObject({
      code: 0,
      stdout: 'do\nla\n',
    })
  })

  test('go on with tasks that come, and without a node that is not there', async () => {
    await scene.taskElsewhere('absent')
    const logs = scene.follow('service', 'logs', '-f', 'web')
    await expect.poll(logs.stdout, SOON).toContain('la')
    await scene.runTask('newcomer', 'echo hello; sleep 300')
    await expect.poll(logs.stdout, SOON).toContain('hello')
    await logs.stop()
    expect(logs.stderr()).toMatch(
      /web\.2\.absent@\S.* +\| warning: incomplete log stream of task web\.2 \(absent\): node .* is not connected/,
    )
  })
})

describe('when an agent goes', () => {
  test('who follows a service’s logs hears of it, and goes on where it was when the agent is back', async () => {
    const counter = `counter${Date.now()}`
    await scene.runTask(counter, 'i=0; while :; do echo $i; i=$((i + 1)); sleep 0.05; done')
    const logs = scene.follow('service', 'logs', '-f', '--raw', counter)
    const numbers = (): number[] => logs.stdout().trim().split('\n').map(Number)
    await expect.poll(() => numbers().length, SOON).toBeGreaterThan(10)
    await scene.stopAgent()
    await expect.poll(logs.stderr, SOON).toContain('the connection to node host-n1 is lost')
    const heard = numbers().length
    await scene.startAgent()
    await expect.poll(() => numbers().length, SOON).toBeGreaterThan(heard + 40)
    await logs.stop()
    expect(numbers()).toEqual(numbers().map((_number, index) => index))
    await scene.removeTask(counter)
  })

  test('its streams end, and say why; the next agent carries on', async () => {
    const logs = scene.follow('logs', '-f', 'talker')
    const exec = scene.docker('exec', 'talker', 'sleep', '200')
    await expect.poll(() => scene.openExecs('talker'), SOON).toBeGreaterThan(0)
    await expect.poll(logs.stdout, SOON).toContain('three')
    await scene.stopAgent()
    const lost = 'the connection to node host-n1 is lost'
    expect(await logs.done).toMatchObject({ code: 1, stderr: expect.stringContaining(lost) as string })
    expect(await exec).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/node host-n1 is|received 503/) as string,
    })
    expect(await scene.docker('logs', 'talker')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('node host-n1 is not connected') as string,
    })
    await scene.startAgent()
    expect(await scene.docker('logs', 'talker')).toMatchObject({ code: 0, stdout: 'one\nthree\n' })
  })
})
