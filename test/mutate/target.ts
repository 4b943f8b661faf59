import { eventually } from '../support/eventually.js'
import { ManagerProcess } from '../support/manager-process.js'
import type { Known } from './requests.js'

/** Every record of the store by its key, as the text that stands there. */
export type Records = ReadonlyMap<string, string>

/** Reports what is left after a collection of garbage, whenever it is asked to by a signal. */
const MEMORY_REPORTER = `process.on('SIGUSR2', () => {
  gc(); gc();
  const { heapUsed, rss } = process.memoryUsage();
  process.stderr.write('memory ' + heapUsed + ' ' + rss + '\\n');
})`

export interface Memory {
  readonly heapMb: number
  readonly rssMb: number
}

const TEMPLATE = { ContainerSpec: { Image: 'shoal-busybox:1' } }
const DATA = Buffer.from('data').toString('base64')

/** What is always there, to be referred to: the path that creates it, its name, its document. */
const FIXTURES = [
  ['networks', 'front', { Name: 'front', Driver: 'overlay' }],
  ['services', 'web', { Name: 'web', TaskTemplate: TEMPLATE, Mode: { Replicated: { Replicas: 0 } } }],
  [
    'services',
    'job',
    { Name: 'job', TaskTemplate: TEMPLATE, Mode: { ReplicatedJob: { TotalCompletions: 0 } } },
  ],
  ['secrets', 'password', { Name: 'password', Data: DATA }],
  ['configs', 'settings', { Name: 'settings', Data: DATA }],
] as const

/** A manager of its own with an embedded store, and a few things in it. */
export class Target {
  readonly manager: ManagerProcess

  private constructor(manager: ManagerProcess) {
    this.manager = manager
  }

  static async start(): Promise<Target> {
    const reporter = `data:text/javascript,${encodeURIComponent(MEMORY_REPORTER)}`
    const manager = await ManagerProcess.start({ kind: 'embedded' }, undefined, [
      '--expose-gc',
      '--import',
      reporter,
    ])
    return new Target(manager)
  }

  end(): Promise<void> {
    return this.manager.end()
  }

  /** Removes what is no fixture, makes the fixtures that are missing, and waits until nothing changes by itself. */
  async restore(): Promise<void> {
    for (const kind of ['services', 'networks', 'secrets', 'configs'] as const)
      await this.#removeStrangers(kind)
    for (const [kind, name, document] of FIXTURES) {
      const { status } = await this.manager.ask('GET', `/${kind}/${name}`)
      if (status === 404) await this.#must('POST', `/${kind}/create`, document)
    }
    let before = await this.records()
    await eventually(async () => {
      const after = await this.records()
      const changed = differences(before, after)
      before = after
      if (changed.length > 0 || [...after.keys()].some((key) => key.startsWith('tasks/'))) {
        throw new Error(`the manager does not come to rest: ${changed.join(', ')}`)
      }
    })
  }

  async #removeStrangers(kind: 'services' | 'networks' | 'secrets' | 'configs'): Promise<void> {
    const fixtures = FIXTURES.filter(([of]) => of === kind).map(([, name]): string => name)
    const { body } = await this.manager.ask('GET', `/${kind}`)
    for (const { ID, Id, Name, Spec, Ingress, Scope } of JSON.parse(body) as Listed[]) {
      const name = Name ?? Spec?.Name ?? ''
      if (fixtures.includes(name) || Ingress || Scope === 'local') continue
      await this.#must('DELETE', `/${kind}/${ID ?? Id}`)
    }
  }

  async #must(method: string, path: string, body?: object): Promise<void> {
    const answer = await this.manager.ask(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`)
  }

  async records(): Promise<Records> {
    const { body } = await this.manager.ask('GET', '/shoal/backup')
    const lines = body.trim().split('\n').slice(1)
    return new Map(
      lines
        .map((line) => JSON.parse(line) as { key?: string; value?: string })
        .flatMap(({ key, value }) => (key === undefined ? [] : [[key, value ?? ''] as const])),
    )
  }

  /** @returns what requests can refer to: names and IDs, and the versions that are valid now */
  async known(): Promise<Known> {
    const names: string[] = FIXTURES.map(([, name]) => name)
    const versions = [0, 1]
    for (const path of ['/services', '/nodes', '/secrets', '/configs', '/networks']) {
      for (const { ID, Id, Version } of JSON.parse((await this.manager.ask('GET', path)).body) as Listed[]) {
        names.push(ID ?? Id ?? '')
        if (Version) versions.push(Version.Index)
      }
    }
    const swarm = JSON.parse((await this.manager.ask('GET', '/swarm')).body) as Listed
    if (swarm.Version) versions.push(swarm.Version.Index)
    return { names, versions }
  }

  /** What the manager holds when all garbage is collected. */
  async memory(): Promise<Memory> {
    const from = this.manager.log.length
    this.manager.signal('SIGUSR2')
    return eventually<Memory>(() => {
      const [, heap, rss] = /^memory (\d+) (\d+)$/m.exec(this.manager.log.slice(from)) ?? []
      if (heap === undefined || rss === undefined) throw new Error('the manager told nothing of its memory')
      return { heapMb: Number(heap) / 2 ** 20, rssMb: Number(rss) / 2 ** 20 }
    })
  }
}

interface Listed {
  readonly ID?: string
  readonly Id?: string
  readonly Name?: string
  readonly Ingress?: boolean
  readonly Scope?: string
  readonly Spec?: { readonly Name?: string }
  readonly Version?: { readonly Index: number }
}

/** The keys whose records came, went or changed. */
export function differences(before: Records, after: Records): string[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => before.get(key) !== after.get(key))
}
