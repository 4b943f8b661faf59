import { ShoalError } from '@shoal/common'
import type { AssignedTask, ContainerSpec, Privileges } from '@shoal/engine-api'
import type { HostConfig } from 'dockerode'
import { fileMounts, mounts, type Expand } from './mounts.js'
import type { Surroundings } from './port.js'
import { hostModePorts, networkMode, portBindings } from './published-ports.js'
import { present } from './present.js'

/** The part of a container's configuration that concerns the host: resources, mounts, ports, privileges. */
export function hostConfig(
  task: AssignedTask,
  spec: ContainerSpec,
  expand: Expand,
  { files, networking }: Required<Surroundings>,
): HostConfig {
  const ports = hostModePorts(task)
  const securityOpt = securityOptions(spec.Privileges)
  const allMounts = [...mounts(spec.Mounts ?? [], expand), ...fileMounts(files)]
  return present<HostConfig>({
    NetworkMode: networking?.attachments[0]?.network ?? networkMode(task),
    PortBindings: ports.length > 0 ? portBindings(ports) : undefined,
    Mounts: allMounts.length > 0 ? allMounts : undefined,
    GroupAdd: spec.Groups,
    Init: spec.Init,
    ReadonlyRootfs: spec.ReadOnly,
    ExtraHosts: spec.Hosts?.flatMap(extraHosts),
    // The cluster's name server asks the user's for what it does not know.
    Dns: networking?.nameServer === undefined ? spec.DNSConfig?.Nameservers : [networking.nameServer],
    DnsSearch: spec.DNSConfig?.Search,
    DnsOptions: spec.DNSConfig?.Options,
    Sysctls: spec.Sysctls,
    CapAdd: spec.CapabilityAdd,
    CapDrop: spec.CapabilityDrop,
    OomScoreAdj: spec.OomScoreAdj,
    SecurityOpt: securityOpt.length > 0 ? securityOpt : undefined,
    Ulimits: spec.Ulimits?.map(({ Name = '', Soft = 0, Hard = 0 }) => ({ Name, Soft, Hard })),
    LogConfig: logConfig(task),
    ...resources(task),
  })
}

function resources(task: AssignedTask): Partial<HostConfig> {
  const {
    Limits: limits,
    Reservations: reservations,
    SwapBytes,
    MemorySwappiness,
  } = task.Spec.Resources ?? {}
  return present<Partial<HostConfig>>({
    NanoCpus: limits?.NanoCPUs,
    Memory: limits?.MemoryBytes,
    PidsLimit: limits?.Pids || undefined,
    MemoryReservation: reservations?.MemoryBytes,
    MemorySwap: memorySwap(limits?.MemoryBytes, SwapBytes),
    MemorySwappiness,
  })
}

/** A service says how much swap; a container, memory and swap together. -1 is no limit in both. */
function memorySwap(memoryBytes: number | undefined, swapBytes: number | undefined): number | undefined {
  if (swapBytes === undefined || swapBytes < 0) return swapBytes
  return (memoryBytes ?? 0) + swapBytes
}

/** Docker keeps hosts as lines of /etc/hosts (`ip name name…`); a container takes `name:ip`. */
function extraHosts(line: string): string[] {
  const [ip, ...names] = line.trim().split(/\s+/u)
  return names.map((name) => `${name}:${ip}`)
}

function logConfig(task: AssignedTask): HostConfig['LogConfig'] {
  const driver = task.Spec.LogDriver
  return driver?.Name ? { Type: driver.Name, Config: driver.Options ?? {} } : undefined
}

/** Privileges as the engine's `--security-opt` texts. */
function securityOptions(privileges: Privileges | undefined): string[] {
  if (!privileges) return []
  if (privileges.CredentialSpec && Object.values(privileges.CredentialSpec).some(Boolean))
    throw new ShoalError('invalid-argument', 'credential specs are only supported on Windows')
  return [
    ...selinuxOptions(privileges.SELinuxContext),
    ...seccompOptions(privileges.Seccomp),
    ...(privileges.AppArmor?.Mode === 'disabled' ? ['apparmor=unconfined'] : []),
    ...(privileges.NoNewPrivileges ? ['no-new-privileges=true'] : []),
  ]
}

function selinuxOptions(context: Privileges['SELinuxContext']): string[] {
  if (!context) return []
  if (context.Disable) return ['label=disable']
  const parts = { user: context.User, role: context.Role, type: context.Type, level: context.Level }
  return Object.entries(parts).flatMap(([key, value]) => (value ? [`label=${key}:${value}`] : []))
}

/** A custom profile travels as base64 of its JSON. */
function seccompOptions(seccomp: Privileges['Seccomp']): string[] {
  if (seccomp?.Mode === 'unconfined') return ['seccomp=unconfined']
  if (seccomp?.Mode !== 'custom') return []
  return [`seccomp=${Buffer.from(seccomp.Profile ?? '', 'base64').toString('utf8')}`]
}
