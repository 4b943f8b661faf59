import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@shoal/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedDockerClis, mustRunProgram, runProgram } from '../support/index.js'
import { aClusterWithApi, letTasksRun, MANAGER, WORKER, type ApiScene } from './api-scene.js'
import { COMMAND_CASES, type CommandCase } from './docker-flags/command-cases.js'
import { CREATE_CASES } from './docker-flags/create-cases.js'
import { flagsOf, outcomeOf } from './docker-flags/flag-case.js'
import { BEFORE_UPDATES, UPDATE_CASES } from './docker-flags/update-cases.js'

const CLIS = await installedDockerClis()
const GROUPS = ['swarm', 'node', 'service', 'secret', 'config', 'stack', 'network']
/** Of one engine and its plain containers, or tried where containers have logs: containers.test.ts. */
const ELSEWHERE = ['network connect', 'network disconnect', 'service logs', 'swarm unlock']
const FILES: Readonly<Record<string, string>> = {
  ENV_FILE: 'FROM_FILE=yes\n',
  SECRET_FILE: 'from-the-file',
  CA_FILE: 'no certificate',
  COMPOSE_FILE: 'version: "3.8"\nservices:\n  till:\n    image: busybox:${TAG:-mine}\n',
}

test('there is a docker CLI to try', (context) => {
  context.skip(CLIS.length === 0, 'no docker CLI is on the search path')
  expect(CLIS).not.toEqual([])
})

describe.each(CLIS)('every flag of the docker CLI $version ($path)', ({ path }) => {
  let scene: ApiScene
  let server: ReturnType<ApiScene['server']>
  let folder: string
  const known = new Map<string, readonly string[]>()
  const ending = new AbortController()

  beforeAll(async () => {
    scene = await aClusterWithApi()
    folder = mkdtempSync(join(tmpdir(), 'shoal-flags-'))
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text)
    server = scene.server()
    await server.listen({ path: join(folder, 'api.sock') })
    letTasksRun({ state: scene.state, book: scene.options.book }, systemClock, ending.signal)
    for (const kind of ['secret', 'config']) {
      const name = kind === 'secret' ? 'password' : 'settings'
      await mustRunProgram(path, [kind, 'create', name, join(folder, 'SECRET_FILE')], options())
    }
    for (const name of ['front', 'back']) {
      await mustRunProgram(path, ['network', 'create', '--driver', 'overlay', name], options())
    }
  })
  afterAll(async () => {
    ending.abort()
    await scene.end()
    rmSync(folder, { recursive: true })
  })

  const options = () => ({
    environment: { PATH: process.env['PATH'] ?? '', HOME: folder, DOCKER_HOST: `unix://${folder}/api.sock` },
  })
  const docker = (args: readonly string[]) =>
    runProgram(
      path,
      args.map((arg) => (Object.hasOwn(FILES, arg) ? join(folder, arg) : arg)),
      options(),
    )

  /** The long flags that the CLI knows of a command, but those that every command has. */
  async function flagsKnown(command: string): Promise<readonly string[]> {
    const { stdout } = await runProgram(path, [...command.split(' '), '--help'], options())
    const flags = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z0-9-]+)/gm)].map((match) => match[1]!)
    known.set(command, flags)
    return flags
  }

  async function subcommands(group: string): Promise<string[]> {
    const { stdout } = await runProgram(path, [group, '--help'], options())
    const list = stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+) +[A-Z]/gm)
    return [...list].map((match) => `${group} ${match[1]}`)
  }

  async function specOf(service: string): Promise<unknown> {
    const { body } = await server.inject(`/services/${service}`)
    return (JSON.parse(body) as { Spec?: unknown }).Spec
  }

  /** Whether this CLI, which may be an old one, has all of the flags. */
  async function knows(command: string, args: readonly string[]): Promise<boolean> {
    const flags = known.get(command) ?? (await flagsKnown(command))
    return flagsOf(args).every((name) => flags.includes(name))
  }

  /** Carries out a command on a service. @returns why it failed, and the spec that the service has then */
  async function tryOn(service: string, line: readonly string[]): Promise<{ error: string; spec: unknown }> {
    const { code, stderr } = await docker(['service', ...line])
    return { error: code === 0 ? '' : stderr, spec: await specOf(service) }
  }

  test('every command and every flag has a case', async () => {
    const missing: string[] = []
    const tried = (command: string): string[] => [
      ...COMMAND_CASES.filter((one) => one.command === command).flatMap(({ args }) =>
        flagsOf(args.split(' ')),
      ),
      ...(command === 'service create' ? CREATE_CASES.flatMap(({ args }) => flagsOf(args)) : []),
      ...(command === 'service update' ? UPDATE_CASES.flatMap(({ args }) => flagsOf(args)) : []),
    ]
    for (const command of (await Promise.all(GROUPS.map(subcommands))).flat()) {
      if (ELSEWHERE.includes(command)) continue
      if (!COMMAND_CASES.some((one) => one.command === command)) missing.push(command)
      const cases = tried(command)
      for (const flag of await flagsKnown(command)) {
        if (flag !== '--help' && !cases.includes(flag)) missing.push(`${command} ${flag}`)
      }
    }
    expect(missing).toEqual([])
  })

  test.each(CREATE_CASES.map((one, index) => ({ index, line: one.args.join(' '), one })))(
    'service create $line',
    async ({ index, one }) => {
      if (!(await knows('service create', one.args))) return
      const name = one.args.includes('--name') ? 'by-its-name' : `made${index}`
      const more = ['--name', name, '--detach', ...one.args]
      expect(await tryOn(name, ['create', ...more, 'busybox'])).toMatchObject(outcomeOf(one))
    },
  )

  describe('one update after the other', () => {
    beforeAll(async () => {
      const create = ['service', 'create', '--detach', '--name', 'changing', ...BEFORE_UPDATES, 'busybox']
      await mustRunProgram(path, create, options())
    })
    test.each(UPDATE_CASES.map((one) => ({ line: one.args.join(' '), one })))(
      'service update $line',
      async ({ one }) => {
        if (!(await knows('service update', one.args))) return
        expect(await tryOn('changing', ['update', '--detach', ...one.args, 'changing'])).toMatchObject(
          outcomeOf(one),
        )
      },
    )
  })

  test.each(COMMAND_CASES)('$command $args', async ({ command, args, prints, refused }: CommandCase) => {
    const words = args.split(' ').filter((word) => word !== '')
    if (!(await knows(command, words))) return
    const filled = words.map((word) => ({ WORKER, MANAGER })[word] ?? word)
    const { code, stdout, stderr } = await docker([...command.split(' '), ...filled])
    const isRefused = code !== 0
    expect({ isRefused, stderr: isRefused === refused ? '' : stderr }).toEqual({
      isRefused: refused,
      stderr: '',
    })
    expect((refused ? stderr : stdout).replaceAll(WORKER, 'WORKER')).toMatch(prints)
  })
})
