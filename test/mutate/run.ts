import { specification } from '../schema/index.js'
import { Dice } from '../simulation/dice.js'
import { type MutatedRequest, Requests } from './requests.js'
import { Sender, type Sent } from './send.js'
import { differences, type Memory, type Records, Target } from './target.js'

const BATCH = 100
const ABREAST = 4
/** The part of the requests after which memory is taken for warm. */
const WARM_UP = 0.3
/** More faults than these help nobody. */
const FAULTS_MOST = 20

export interface MutationReport {
  readonly requests: number
  readonly byStatus: Readonly<Record<string, number>>
  /** What went wrong, each with the request that it went wrong with. */
  readonly faults: readonly string[]
  readonly warm: Memory
  readonly end: Memory
}

/**
 * Sends mutated requests to a manager that is started for it.
 * @param seed decides all of them @param say progress
 */
export async function runMutations(
  { requests, seed }: { readonly requests: number; readonly seed: number },
  say: (text: string) => void = () => undefined,
): Promise<MutationReport> {
  const target = await Target.start()
  try {
    return await new Run(target, new Requests(specification(), new Dice(seed)), say).all(requests)
  } finally {
    await target.end()
  }
}

class Run {
  readonly #target: Target
  readonly #requests: Requests
  readonly #say: (text: string) => void
  readonly #sender: Sender
  readonly #byStatus: Record<string, number> = {}
  readonly #faults: string[] = []

  constructor(target: Target, requests: Requests, say: (text: string) => void) {
    this.#target = target
    this.#requests = requests
    this.#say = say
    this.#sender = new Sender(target.manager.socket)
  }

  async all(count: number): Promise<MutationReport> {
    let warm: Memory | undefined
    let sent = 0
    await this.#target.restore()
    while (sent < count && this.#faults.length < FAULTS_MOST && this.#target.manager.alive) {
      const size = Math.min(BATCH, count - sent)
      await this.#batch(size).catch((error: unknown) =>
        this.#faults.push(`between requests: ${String(error)}`),
      )
      sent += size
      if (sent >= count * WARM_UP) warm ??= await this.#target.memory()
      if (sent % 5000 === 0) this.#say(`${sent} of ${count} …`)
    }
    this.#sender.close()
    if (!this.#target.manager.alive)
      this.#faults.push(`the manager ended:\n${this.#target.manager.log.slice(-4000)}`)
    const end = this.#target.manager.alive ? await this.#target.memory() : { heapMb: 0, rssMb: 0 }
    return { requests: sent, byStatus: this.#byStatus, faults: this.#faults, warm: warm ?? end, end }
  }

  async #batch(size: number): Promise<void> {
    const before = await this.#target.records()
    const known = await this.#target.known()
    const queue = Array.from({ length: size }, () => this.#requests.next(known))
    const accepted: { readonly request: MutatedRequest; readonly sent: Sent }[] = []
    const work = async (): Promise<void> => {
      for (let request = queue.shift(); request; request = queue.shift()) {
        const sent = await this.#sender.send(request)
        this.#count(request, sent)
        if (sent.status < 300 && request.method !== 'GET') accepted.push({ request, sent })
      }
    }
    await Promise.all(Array.from({ length: ABREAST }, work))
    if (!this.#target.manager.alive) return
    const changed = differences(before, await this.#target.records())
    const touched = accepted.map(({ request, sent }) => `${request.path} ${sent.text}`)
    const unexplained = changed.filter((key) => !isExplained(key, touched, before))
    if (unexplained.length > 0) {
      this.#faults.push(`records changed that no accepted request was about: ${unexplained.join(', ')}`)
    }
    if (changed.length > 0) await this.#target.restore()
  }

  #count(request: MutatedRequest, { status, fault }: Sent): void {
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1
    if (fault === undefined) return
    const { method, path, headers, body } = request
    const text = body?.toString('utf8').slice(0, 1500) ?? ''
    const told = `${fault}\n  ${method} ${path} ${JSON.stringify(headers)}\n  ${text}`
    this.#faults.push(told.replace(/(.{1,6}?)\1{20,}/g, '$1…'))
  }
}

/** @param touched paths and answers of the requests that were accepted */
function isExplained(key: string, touched: readonly string[], before: Records): boolean {
  const [kind = '', id = ''] = key.split('/')
  if (kind === 'cluster') return touched.some((text) => text.includes('/swarm/update'))
  // Tasks and specs are a service's own; nodes have gateways in networks.
  const owner = { tasks: 'services', specs: 'services', gateways: 'networks' }[kind] ?? kind
  if (owner === 'networks' && touched.some((text) => text.includes('/networks/prune'))) return true
  const name = nameIn(before.get(key))
  return touched.some(
    (text) =>
      text.includes(`/${owner}/`) && (owner !== kind || text.includes(id) || text.includes(`/${name}`)),
  )
}

function nameIn(record: string | undefined): string {
  const { Spec } = JSON.parse(record ?? '{}') as { Spec?: { Name?: string } }
  return Spec?.Name ?? '?'
}
