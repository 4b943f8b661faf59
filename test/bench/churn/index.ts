import { type Random, seededRandom } from '@shoal/common'
import { crash, down, type LabMachine, up } from '@shoal/lab'
import { eventually } from '../../support/index.js'
import type { Benchmark, BenchmarkOptions, Result } from '../benchmark.js'
import { ChurnedCluster } from './cluster.js'
import { additions, inventoryOf, type Inventory } from './kernel.js'
import { staleOf } from './live.js'
import { Prober } from './prober.js'
import { type Incarnation, nameOf } from './services.js'
import { Witness } from './witness.js'

const LAB = 'bench-churn'
const HOSTS = 3
const PLACES = 12
const MOST_REPLICAS = 10
/** One in so many steps is the crash of an agent. */
const CRASHES = 8
/** How many steps are under way until everything is waited for. */
const BURST = 10
const SEED = 1
const LEFTOVER_PATIENCE_MS = 60_000

/**
 * Tasks started and ended by services that are created, scaled, updated and removed, while agents are killed at random.
 * What counts is that nothing is wrong meanwhile, and that nothing is left: every host is compared with what it had
 * before the first service, and again after it has left the cluster.
 */
export const churn: Benchmark = async (options) => {
  options.say('bringing up a lab of three hosts …')
  await down(LAB)
  await up({ lab: LAB, hosts: HOSTS, managers: 1, etcd: 0, say: options.say })
  try {
    const cluster = await ChurnedCluster.open(LAB)
    const results = await new Churn(cluster, options).run()
    cluster.close()
    return results
  } finally {
    await down(LAB)
  }
}

interface Service {
  readonly incarnation: Incarnation
  replicas: number
  version: number
}

class Churn {
  readonly #cluster: ChurnedCluster
  readonly #options: BenchmarkOptions
  readonly #random: Random = seededRandom(SEED)
  readonly #services = new Map<number, Service>()
  readonly #numbers = new Map<number, number>()
  readonly #witness: Witness
  readonly #prober: Prober
  readonly #stale: string[] = []
  #crashes = 0

  constructor(cluster: ChurnedCluster, options: BenchmarkOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#witness = new Witness(cluster)
    this.#prober = new Prober(cluster.hosts.map(({ address }) => address))
  }

  async run(): Promise<Result[]> {
    const { say, tasks } = this.#options
    const { hosts } = this.#cluster
    const before = await Promise.all(hosts.map(inventoryOf))
    await this.#cluster.createNetworks()
    this.#witness.begin()
    this.#prober.begin()
    while (this.#witness.started < tasks) {
      for (let step = 0; step < BURST; step++) await this.#step()
      await this.#settle()
      say(`${this.#witness.started} tasks, ${this.#crashes} agents killed, ${this.#prober.answered} answers`)
    }
    await this.#prober.end()
    for (const { incarnation } of this.#services.values()) await this.#cluster.remove(incarnation)
    await this.#cluster.empty()
    await this.#witness.end()
    await this.#cluster.removeNetworks()
    const afterChurn = await this.#leftovers(before)
    await this.#cluster.leave()
    const afterLeaving = await this.#leftovers(before)
    return this.#results(afterChurn, afterLeaving)
  }

  async #step(): Promise<void> {
    if (this.#random.next() < 1 / CRASHES) return this.#crash()
    const place = this.#upTo(PLACES)
    const service = this.#services.get(place)
    if (!service) return this.#create(place)
    const dice = this.#random.next()
    if (dice < 0.2) {
      this.#services.delete(place)
      return this.#cluster.remove(service.incarnation)
    }
    if (dice < 0.6) service.version++
    else service.replicas = this.#upTo(MOST_REPLICAS + 1)
    return this.#cluster.update(service.incarnation, service.replicas, service.version)
  }

  async #create(place: number): Promise<void> {
    const number = (this.#numbers.get(place) ?? 0) + 1
    this.#numbers.set(place, number)
    const service: Service = {
      incarnation: { place, number },
      replicas: 1 + this.#upTo(MOST_REPLICAS),
      version: 0,
    }
    await this.#cluster.create(service.incarnation, service.replicas)
    this.#services.set(place, service)
    this.#prober.begins(service.incarnation)
  }

  async #crash(): Promise<void> {
    const host = this.#cluster.hosts[this.#upTo(HOSTS)]!
    // One that has been killed a moment ago is not back yet.
    await eventually(() => crash(host.name, 'agent'))
    this.#crashes++
  }

  /** Now and then all is still for a moment, and what the hosts tell must be of what there is. */
  async #settle(): Promise<void> {
    const services = [...this.#services.values()]
    const wanted = new Map(services.map(({ incarnation, replicas }) => [nameOf(incarnation), replicas]))
    const running = await this.#cluster.settled(wanted)
    const alive = services.map(({ incarnation }) => incarnation)
    const stale = await untilNone(() => staleOf(this.#cluster, running, alive, this.#witness.addresses))
    for (const what of stale) this.#options.say(`stale: ${what}`)
    this.#stale.push(...stale)
  }

  async #leftovers(before: readonly Inventory[]): Promise<string[]> {
    const left = await untilNone(async () => {
      const after = await Promise.all(this.#cluster.hosts.map(inventoryOf))
      return this.#cluster.hosts.flatMap((host: LabMachine, at) => additions(host, before[at]!, after[at]!))
    })
    for (const what of left) this.#options.say(`left over: ${what}`)
    return left
  }

  #upTo(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  #results(afterChurn: readonly string[], afterLeaving: readonly string[]): Result[] {
    const { wrong, answered, failed } = this.#prober
    const { twice, started } = this.#witness
    for (const what of [...wrong, ...twice]) this.#options.say(what)
    const count = (name: string, value: number, note?: string): Result => ({
      name,
      value,
      unit: 'count',
      ...(note !== undefined && { note }),
    })
    return [
      count('tasks', started, 'that have run, all of which have ended'),
      count('agents-killed', this.#crashes),
      count('addresses-twice', twice.length),
      count('wrong-answers', wrong.length, `of ${answered}; ${failed} questions without an answer`),
      count('stale', this.#stale.length, 'neighbours, endpoints and names of tasks that had ended'),
      count('left-after-removal', afterChurn.length, 'on all hosts, services and networks removed'),
      count('left-after-leaving', afterLeaving.length, 'on all hosts, out of the cluster'),
    ]
  }
}

/** What is amiss is put right by and by. @returns what is still amiss after a minute */
async function untilNone(look: () => Promise<string[]>): Promise<string[]> {
  let found: string[] = []
  try {
    await eventually(async () => {
      found = await look()
      if (found.length > 0) throw new Error('something is amiss')
    }, LEFTOVER_PATIENCE_MS)
  } catch (error) {
    if (found.length === 0) throw error
  }
  return found
}
