import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { docker, hasImage } from './docker.js'
import { createEtcd, createHost, createNetwork, hostName, hosts, onHost, removeAll } from './hosts.js'
import { ensureHostImage, ensureWorkloadImage } from './images.js'

export interface LabOptions {
  /** Distinguishes several labs on one machine. */
  readonly lab: string
  readonly hosts: number
  readonly managers: number
  readonly store: 'embedded' | 'etcd'
  /** Without a cluster: only the hosts. */
  readonly bare?: boolean
  readonly say: (text: string) => void
}

/** Where the client certificates of a lab's cluster are kept on this machine. */
export function certificateFolder(lab: string): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'shoal-lab', lab)
}

/** @throws Error when `options` ask for what the lab cannot give */
export function checkOptions({
  hosts,
  managers,
  store,
}: Pick<LabOptions, 'hosts' | 'managers' | 'store'>): void {
  if (!Number.isInteger(hosts) || hosts < 1) throw new Error('--hosts must be 1 or more')
  if (!Number.isInteger(managers) || managers < 1) throw new Error('--managers must be 1 or more')
  if (managers > hosts) throw new Error('--managers cannot be more than --hosts')
  if (managers > 1 && store !== 'etcd') throw new Error('--managers beyond 1 needs --store etcd')
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
  await Promise.all(indexes.map((index) => createHost(options.lab, index, image)))
  await load(options.lab, await ensureWorkloadImage())
  if (options.bare) return
  const storeArguments = options.store === 'etcd' ? await etcdArguments(options, image) : []
  await formCluster(options, storeArguments)
  await copyCertificates(options.lab)
}

async function etcdArguments(options: LabOptions, image: string): Promise<string[]> {
  options.say('starting etcd …')
  return ['--store', 'etcd', '--etcd-endpoint', await createEtcd(options.lab, image)]
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

/** Runs a command on a host. @returns what it printed @throws Error when it fails */
export async function mustRun(host: string, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await onHost(host, command)
  if (code !== 0) throw new Error(`${host}: ${command.join(' ')}: ${stderr.trim() || stdout.trim()}`)
  return stdout.trim()
}

/** Copies the client's key and certificates out of the first manager. */
async function copyCertificates(lab: string): Promise<void> {
  const folder = certificateFolder(lab)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await docker(['cp', `${hostName(lab, 1)}:/var/lib/shoal/client/.`, folder])
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

const notUp = (lab: string): string => `the lab "${lab}" is not up; npm run lab -- up starts it`
