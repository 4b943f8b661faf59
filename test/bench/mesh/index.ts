import { down, ensureHostImage, hosts, type LabMachine, load, mustRun, up } from '@shoal/lab'
import { type Benchmark, type BenchmarkOptions, median, type Result, rounded } from '../benchmark.js'
import { Client, type Measure, MEASURES, type Sample } from './client.js'
import { direct, dockerPort, haproxy, type Machine, nodeProxy, type OpenPath, type Scene } from './paths.js'
import { routed } from './routed.js'
import { meshLocal, meshRemote, tasksGone } from './service.js'
import { BACKEND_IMAGE, ensureTools, makeBackendImage } from './tools.js'

const LAB = 'bench-mesh'

const PATHS = {
  direct: direct,
  'docker-port': dockerPort,
  haproxy: haproxy,
  'node-proxy': nodeProxy,
  local: meshLocal,
  routed: routed,
  remote: meshRemote,
} satisfies Record<string, (scene: Scene) => Promise<OpenPath>>

type PathName = keyof typeof PATHS
const NAMES = Object.keys(PATHS) as PathName[]
type Samples = Partial<Record<Measure, Sample>>

const COMPARISONS: readonly [PathName, PathName][] = [
  ['local', 'direct'],
  ['local', 'docker-port'],
  ['local', 'haproxy'],
  ['local', 'node-proxy'],
  ['remote', 'routed'],
]

type Round = { readonly [One in PathName]: { readonly [One in Measure]: Sample } }

/**
 * The routing mesh beside other ways to the same kind of backend (nginx, one process), asked by wrk from a machine
 * outside of the cluster: through a host to a task on it, and to one on the other host. Every path of every round has
 * a fresh backend, for connections in TIME_WAIT of one path would disturb the next. A result is the median of the
 * rounds' ratios: what goes on beside on the machine hits the paths of one round about alike.
 */
export const mesh: Benchmark = async (options) => {
  await ensureTools()
  await makeBackendImage()
  options.say('bringing up a lab of two hosts and a client …')
  await Client.remove(LAB)
  await down(LAB)
  await up({ lab: LAB, hosts: 2, managers: 1, etcd: 0, say: options.say })
  try {
    await load(LAB, BACKEND_IMAGE)
    const [near, far] = (await hosts(LAB)).map(machine)
    const client = await Client.start(LAB, await ensureHostImage(options.say))
    const scene: Scene = { client, near: await near!, far: await far! }
    return report(await measure(scene, options))
  } finally {
    await Client.remove(LAB)
    await down(LAB)
  }
}

async function machine({ name, address }: LabMachine): Promise<Machine> {
  return { name, address, hostname: await mustRun(name, ['hostname']) }
}

async function measure(scene: Scene, { say, rounds }: BenchmarkOptions): Promise<Round[]> {
  const done: Round[] = []
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds} …`)
    const paths: Partial<Record<PathName, OpenPath>> = {}
    try {
      for (const name of NAMES) paths[name] = await PATHS[name](scene)
      done.push(await measureAll(scene, paths as Record<PathName, OpenPath>, round, say))
    } finally {
      for (const path of Object.values(paths)) await path.close()
    }
    await tasksGone(scene)
  }
  return done
}

/** One measure after the other, each on all paths in turn: what is compared is measured within seconds. */
async function measureAll(
  { client }: Scene,
  paths: Readonly<Record<PathName, OpenPath>>,
  round: number,
  say: BenchmarkOptions['say'],
): Promise<Round> {
  const samples = Object.fromEntries(NAMES.map((name) => [name, {}])) as Record<PathName, Samples>
  for (const measure of MEASURES)
    for (const [at] of NAMES.entries()) {
      // Each round begins with another path, so that none is always the first.
      const name = NAMES[(at + round) % NAMES.length]!
      const sample = await client.measure(measure, paths[name].address)
      samples[name][measure] = sample
      say(`${name}, ${measure}: ${amount(sample.perSecond, measure)}, ${sample.failed} failed`)
    }
  return samples as Round
}

function report(rounds: readonly Round[]): Result[] {
  return COMPARISONS.flatMap(([mine, other]) =>
    MEASURES.map((measure): Result => {
      const of = (name: PathName): number => median(rounds.map((round) => round[name][measure].perSecond))
      const ratios = rounds.map((round) => round[mine][measure].perSecond / round[other][measure].perSecond)
      return {
        name: `${mine}-vs-${other}-${measure}`,
        value: rounded(median(ratios)),
        unit: 'ratio',
        note: `${amount(of(mine), measure)} over ${amount(of(other), measure)}`,
      }
    }),
  )
}

function amount(perSecond: number, measure: Measure): string {
  return measure === 'bulk' ? `${Math.round((perSecond * 8) / 1e6)} Mbit/s` : `${Math.round(perSecond)}/s`
}
