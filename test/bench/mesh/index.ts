import { down, hosts, type LabMachine, load, mustRun, up } from '@shoal/lab'
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
/** How often each path is measured in a round, for a second each time. */
const TURNS = 4

const COMPARISONS: readonly [PathName, PathName][] = [
  ['local', 'direct'],
  ['local', 'docker-port'],
  ['local', 'haproxy'],
  ['local', 'node-proxy'],
  ['remote', 'routed'],
]

/** What one second of each path brought, measured in turn. */
type Turn = { readonly [One in PathName]: Sample }
type Turns = { readonly [One in Measure]: readonly Turn[] }

/**
 * The routing mesh beside other ways to the same kind of backend (nginx, one process), asked by wrk from a machine
 * outside of the cluster: through a host to a task on it, and to one on the other host. Every path of every round has
 * a fresh backend, for connections in TIME_WAIT of one path would disturb the next. A result is the median of the
 * ratios of all turns: what goes on beside on the machine hits the paths of one turn about alike.
 */
export const mesh: Benchmark = async (options) => {
  await ensureTools()
  await makeBackendImage()
  options.say('bringing up a lab of two hosts …')
  await down(LAB)
  await up({ lab: LAB, hosts: 2, managers: 1, etcd: 0, say: options.say })
  try {
    await load(LAB, BACKEND_IMAGE)
    const [near, far] = (await hosts(LAB)).map(machine)
    const scene: Scene = { client: await Client.start(await near!), near: await near!, far: await far! }
    return report(await measure(scene, options))
  } finally {
    await down(LAB)
  }
}

async function machine({ name, address }: LabMachine): Promise<Machine> {
  return { name, address, hostname: await mustRun(name, ['hostname']) }
}

async function measure(scene: Scene, { say, rounds }: BenchmarkOptions): Promise<Turns[]> {
  const done: Turns[] = []
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds} …`)
    const paths: Partial<Record<PathName, OpenPath>> = {}
    try {
      for (const name of NAMES) paths[name] = await PATHS[name](scene)
      done.push(await measureAll(scene, paths as Record<PathName, OpenPath>, say))
    } finally {
      for (const path of Object.values(paths)) await path.close()
    }
    await tasksGone(scene)
  }
  return done
}

async function measureAll(
  { client }: Scene,
  paths: Readonly<Record<PathName, OpenPath>>,
  say: BenchmarkOptions['say'],
): Promise<Turns> {
  const turns: Record<Measure, Turn[]> = { keepalive: [], connect: [], bulk: [] }
  for (const measure of MEASURES)
    for (let turn = 0; turn < TURNS; turn++) {
      const samples: Partial<Record<PathName, Sample>> = {}
      for (const name of startingWith(turn, NAMES))
        samples[name] = await client.measure(measure, paths[name].address)
      turns[measure].push(samples as Turn)
      say(`${measure}: ${describe(samples as Turn, measure)}`)
    }
  return turns
}

/** Each turn begins with another path, so that none is always the first. */
function startingWith<T>(turn: number, all: readonly T[]): T[] {
  const at = turn % all.length
  return [...all.slice(at), ...all.slice(0, at)]
}

function describe(turn: Turn, measure: Measure): string {
  const failed = (count: number): string => (count === 0 ? '' : ` (${count} failed)`)
  return NAMES.map(
    (name) => `${name} ${amount(turn[name].perSecond, measure)}${failed(turn[name].failed)}`,
  ).join(', ')
}

function report(rounds: readonly Turns[]): Result[] {
  return COMPARISONS.flatMap(([mine, other]) =>
    MEASURES.map((measure): Result => {
      const turns = rounds.flatMap((round) => round[measure])
      const of = (name: PathName): number => median(turns.map((turn) => turn[name].perSecond))
      return {
        name: `${mine}-vs-${other}-${measure}`,
        value: rounded(median(turns.map((turn) => turn[mine].perSecond / turn[other].perSecond))),
        unit: 'ratio',
        note: `${amount(of(mine), measure)} over ${amount(of(other), measure)}`,
      }
    }),
  )
}

function amount(perSecond: number, measure: Measure): string {
  return measure === 'bulk' ? `${Math.round((perSecond * 8) / 1e6)} Mbit/s` : `${Math.round(perSecond)}/s`
}
