import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import { docker, execute, until } from './docker.js'
import { ETCD_COMMAND, type EtcdMachine } from './etcd.js'
import { DISK } from './faults/disk.js'
import { onHost } from './machine.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const LAB_LABEL = 'io.shoal.lab'
const ROLE_LABEL = 'io.shoal.lab.role'
const ENGINE_TIMEOUT_MS = 60_000

/**
 * What a nested Docker Engine needs. `--privileged` would also do on most machines, but fails where the
 * machine itself lacks a capability. Shoal and Node.js are those of this machine.
 */
export const NESTED_HOST = {
  CapAdd: ['ALL'],
  CapDrop: ['SYS_RESOURCE'],
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  // What `--security-opt systempaths=unconfined` stands for.
  MaskedPaths: [],
  ReadonlyPaths: [],
  CgroupnsMode: 'host',
  Binds: [
    '/sys/fs/cgroup:/sys/fs/cgroup:rw',
    `${ROOT}:/opt/shoal:ro`,
    `${process.execPath}:/usr/local/bin/node:ro`,
  ],
  Devices: [{ PathOnHost: '/dev/net/tun', PathInContainer: '/dev/net/tun', CgroupPermissions: 'rwm' }],
  // A resolver that fails at once: no registry is to be asked for what is loaded already.
  Dns: ['127.0.0.1'],
} satisfies Docker.HostConfig & { CgroupnsMode: 'host' }

/** A machine of the lab: a Docker host, or one that a member of etcd runs on. */
export interface LabMachine {
  readonly name: string
  readonly role: 'host' | 'etcd'
  readonly address: string
  readonly running: boolean
}

/** The names of a lab's parts on the outer engine. */
export const networkName = (lab: string): string => `shoal-${lab}`
export const hostName = (lab: string, index: number): string => `shoal-${lab}-${index}`
export const etcdName = (lab: string, index: number): string => `shoal-${lab}-etcd-${index}`

export async function createNetwork(lab: string): Promise<void> {
  const { code } = await execute('docker', ['network', 'inspect', networkName(lab)])
  if (code !== 0) await docker(['network', 'create', '--label', `${LAB_LABEL}=${lab}`, networkName(lab)])
}

export interface HostSettings {
  /** All that Shoal and the engine keep is on a disk of this size, in MiB; without it on the machine's own. */
  readonly diskMb?: number
  /** Other flags for dockerd than `--live-restore`. */
  readonly dockerd?: string
}

/** Loop devices, and what hands them out: a host with a disk of its own mounts a file. */
export const LOOP_DEVICES = ['b 7:* rwm', 'c 10:237 rwm']

/** Starts a Docker host and waits until its engine answers. @throws Error with the end of its log when it does not */
export async function createHost(
  lab: string,
  index: number,
  image: string,
  { diskMb, dockerd }: HostSettings = {},
): Promise<void> {
  const name = hostName(lab, index)
  const container = await new Docker().createContainer({
    name,
    Image: image,
    Hostname: `host${index}`,
    Labels: { [LAB_LABEL]: lab, [ROLE_LABEL]: 'host' },
    Env: [
      ...(diskMb === undefined ? [] : [`SHOAL_LAB_DISK_MB=${diskMb}`]),
      ...(dockerd === undefined ? [] : [`SHOAL_LAB_DOCKERD=${dockerd}`]),
    ],
    HostConfig: {
      ...NESTED_HOST,
      NetworkMode: networkName(lab),
      ...(diskMb !== undefined && { DeviceCgroupRules: LOOP_DEVICES }),
    },
  })
  await container.start()
  await waitForEngine(name)
}

/** A member's disk that can be filled is in memory: it needs no more than this, whatever the hosts' have. */
const ETCD_DISK_MB = 256
/** For a container's configuration: where the disk is mounted, and what is mounted there. */
export const ETCD_DISK = { [DISK]: `size=${ETCD_DISK_MB}m` }
export const ETCD_DATA_FOLDER = `${DISK}/etcd`

/** Starts a machine that has yet to become a member of etcd. @param hasDisk gives it a disk that can be filled */
export async function createEtcdMachine(
  lab: string,
  index: number,
  image: string,
  hasDisk: boolean,
): Promise<EtcdMachine> {
  const name = etcdName(lab, index)
  const container = await new Docker().createContainer({
    name,
    Image: image,
    Cmd: ETCD_COMMAND,
    Hostname: `etcd${index}`,
    Labels: { [LAB_LABEL]: lab, [ROLE_LABEL]: 'etcd' },
    // So that it can be cut off like any host.
    HostConfig: {
      CapAdd: ['NET_ADMIN'],
      NetworkMode: networkName(lab),
      ...(hasDisk && { Tmpfs: ETCD_DISK }),
    },
  })
  await container.start()
  return { name, address: await addressOf(name), ...(hasDisk && { dataFolder: ETCD_DATA_FOLDER }) }
}

async function waitForEngine(name: string): Promise<void> {
  const answered = await until(ENGINE_TIMEOUT_MS, async () => {
    const { code } = await onHost(name, ['docker', 'info'])
    return code === 0 ? true : undefined
  })
  if (answered) return
  const { stdout } = await onHost(name, ['tail', '-n', '20', '/var/log/dockerd.log'])
  throw new Error(`the Docker Engine of ${name} did not answer:\n${stdout}`)
}

async function addressOf(name: string): Promise<string> {
  return docker(['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name])
}

/** All machines of a lab, hosts in order. */
export async function machines(lab: string): Promise<LabMachine[]> {
  const format = `{{.Names}}\t{{.Label "${ROLE_LABEL}"}}\t{{.State}}`
  const listing = await docker(['ps', '-a', '--filter', `label=${LAB_LABEL}=${lab}`, '--format', format])
  const rows = listing
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t') as [string, string, string])
  const found = await Promise.all(
    rows.map(async ([name, role, state]): Promise<LabMachine> => ({
      name,
      role: role === 'etcd' ? 'etcd' : 'host',
      address: await addressOf(name),
      running: state === 'running',
    })),
  )
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

export async function hosts(lab: string): Promise<LabMachine[]> {
  return (await machines(lab)).filter((machine) => machine.role === 'host')
}

/** Removes every machine of a lab, its data and its network. */
export async function removeAll(lab: string): Promise<void> {
  const names = (await machines(lab)).map((machine) => machine.name)
  if (names.length > 0) await docker(['rm', '-f', '-v', ...names])
  await execute('docker', ['network', 'rm', networkName(lab)])
}
