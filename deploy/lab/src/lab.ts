import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { docker, hasImage } from './docker.js'
import { formEtcd, giveEtcdAccess } from './etcd.js'
import {
  createEtcdMachine,
  createHost,
  createNetwork,
  hostName,
  hosts,
  type HostSettings,
  removeAll,
} from './hosts.js'
import { ensureHostImage, ensureWorkloadImage } from './images.js'
import { mustRun } from './machine.js'

export interface LabOptions extends HostSettings {
  /** Distinguishes several labs on one machine. */
  readonly lab: string
  readonly hosts: number
  readonly managers: number
  /** How many members the etcd has that keeps the state; none: the first manager keeps it in a folder of its own. */
  readonly etcd: number
  /** Without a cluster: only the hosts. */
  readonly bare?: boolean
  readonly say: (text: string) => void
}

/** Enough for the workload image and its containers. */
const LEAST_DISK_MB = 256

/** Where the client certificates of a lab's cluster are kept on this machine. */
export function certificateFolder(lab: string): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'shoal-lab', lab)
}

/** @throws Error when `options` ask for what the lab cannot give */
export function checkOptions({
  hosts,
  managers,
  etcd,
  diskMb,
}: Pick<LabOptions, 'hosts' | 'managers' | 'etcd' | 'diskMb'>): void {
  if (!Number.isInteger(hosts) || hosts < 1) throw new Error('--hosts must be 1 or more')
  if (!Number.isInteger(managers) || managers < 1) throw new Error('--managers must be 1 or more')
  if (managers > hosts) throw new Error('--managers cannot be more than --hosts')
  if (!Number.isInteger(etcd) || etcd < 0) throw new Error('--etcd must be 0 or more')
  if (managers > 1 && etcd === 0) throw new Error('--managers beyond 1 needs --etcd')
  if (diskMb !== undefined && !(Number.isInteger(diskMb) && diskMb >= LEAST_DISK_MB))
    throw new Error(`--disk must be ${LEAST_DISK_MB} or more`)
}

/**
 * How many members etcd is to have.
 * @param store `embedded` or `etcd`, as `--store` says it, and `etcd` what `--etcd` says
 * @throws Error when they contradict each other
 */
export function etcdMembers(store: string | undefined, etcd: number | undefined): number {
  if (store === undefined) return etcd ?? 0
  if (store !== 'embedded' && store !== 'etcd') throw new Error(`unknown store "${store}": embedded or etcd`)
  const members = etcd ?? (store === 'etcd' ? 1 : 0)
  if (store === 'etcd' ? members === 0 : members > 0) {
    throw new Error(`--store ${store} and --etcd ${members} contradict each other`)
  }
  return members
}

/** Brings hosts up, joins them into one cluster, and loads the workload image everywhere. */
export async function up(options: LabOptions): Promise<void> {
  checkOptions(options)
  if ((await hosts(options.lab)).length > 0) {
    throw new Error(`the lab "${options.lab}" is up already; npm run lab -- down ends it`)
  }
  const image = await ensureHostImage(options.say)
  await createNetwork(options.lab)
  options.say(`starting ${options.hosts} Docker host${options.hosts === 1 ? '' : 's'} …`)
  const indexes = Array.from({ length: options.hosts }, (_, index) => index + 1)
  await Promise.all(indexes.map((index) => createHost(options.lab, index, image, options)))
  await load(options.lab, await ensureWorkloadImage())
  if (options.bare) return
  const storeArguments = options.etcd > 0 ? await startEtcd(options, image) : []
  await formCluster(options, storeArguments)
  await copyCertificates(options.lab)
}

/** @returns the flags of `ctl swarm init` that name it */
async function startEtcd({ lab, etcd, diskMb, say }: LabOptions, image: string): Promise<string[]> {
  say(etcd === 1 ? 'starting etcd …' : `starting etcd with ${etcd} members …`)
  const indexes = Array.from({ length: etcd }, (_, index) => index + 1)
  const machines = await Promise.all(
    indexes.map((index) => createEtcdMachine(lab, index, image, diskMb !== undefined)),
  )
  return giveEtcdAccess(hostName(lab, 1), await formEtcd(machines))
}

async function formCluster(options: LabOptions, storeArguments: readonly string[]): Promise<void> {
  options.say('forming the cluster …')
  const [first, ...others] = await hosts(options.lab)
  if (!first) throw new Error('the lab has no hosts')
  await mustRun(first.name, ['ctl', 'swarm', 'init', '--advertise-addr', first.address, ...storeArguments])
  const token = (role: string): Promise<string> =>
    mustRun(first.name, ['ctl', 'swarm', 'join-token', '-q', role])
  const [manager, worker] = [await token('manager'), await token('worker')]
  const at = `${first.address}:2377`
  await Promise.all(
    others.map(({ name, address }, index) => {
      const secret = index + 1 < options.managers ? manager : worker
      return mustRun(name, ['ctl', 'swarm', 'join', '--token', secret, '--advertise-addr', address, at])
    }),
  )
}

/** Copies the client's key and certificates out of the first manager. */
async function copyCertificates(lab: string): Promise<void> {
  const folder = certificateFolder(lab)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Not with docker cp, which does not see what is mounted inside.
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) {
    const text = await mustRun(hostName(lab, 1), ['cat', `/var/lib/shoal/client/${name}`])
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 })
  }
}

/** Copies an image of the outer engine into every host's engine. @throws Error when either is missing */
export async function load(lab: string, image: string): Promise<void> {
  const loadInto = async (host: string): Promise<void> => {
    const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'pipe'] })
    await docker(['exec', '-i', host, 'docker', 'load', '-q'], { input: save.stdout })
  }
  const machines = await hosts(lab)
  if (machines.length === 0) throw new Error(notUp(lab))
  if (!(await hasImage(image))) throw new Error(`No such image: ${image}`)
  await Promise.all(machines.map((host) => loadInto(host.name)))
}

/** Ends a lab and removes all that belongs to it. */
export async function down(lab: string): Promise<void> {
  await removeAll(lab)
  rmSync(certificateFolder(lab), { recursive: true, force: true })
}

/** The environment that points docker and ctl on this machine at the lab's cluster. */
export async function environment(lab: string): Promise<Record<string, string>> {
  const [first] = await hosts(lab)
  if (!first) throw new Error(notUp(lab))
  return {
    DOCKER_HOST: `tcp://${first.address}:3376`,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: certificateFolder(lab),
  }
}

/** What is said to whoever wants something of a lab that is not there. */
export const notUp = (lab: string): string => `the lab "${lab}" is not up; npm run lab -- up starts it`
