import { readFileSync } from 'node:fs'
import { arch, hostname, release } from 'node:os'
import type { ManagerStatus } from '@shoal/engine-api'
import type { ClusterFacts } from './api/index.js'
import type { ManagerConfig } from './config.js'
import type { ManagerDirectory } from './leader/index.js'
import { lastAddressOf } from './manager-addresses.js'
import type { Membership } from './membership.js'
import type { NodeRecord } from './state/index.js'

const GO_ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' }

/** What the API tells about this manager and its host. */
export function readFacts(
  config: ManagerConfig,
  { nodeId }: Membership,
  directory: ManagerDirectory,
): ClusterFacts {
  return {
    version: readVersion(),
    gitCommit: '',
    buildTime: '',
    nodeId,
    hostname: hostname(),
    advertiseAddress: config.advertiseAddress,
    architecture: GO_ARCHITECTURES[arch()] ?? arch(),
    kernelVersion: release(),
    operatingSystem: readOperatingSystem(),
    managers: () =>
      directory.managers().map(({ managerId, address }) => ({ NodeID: managerId, Addr: address })),
    managerStatus: (node) => managerStatus(node, directory),
  }
}

/** Who has registered is reached; who leads, says the election. */
function managerStatus(node: NodeRecord, directory: ManagerDirectory): ManagerStatus | undefined {
  if (node.Spec.Role !== 'manager') return undefined
  const alive = directory.managers().find(({ managerId }) => managerId === node.ID)
  if (!alive) {
    return { Reachability: 'unreachable', Addr: lastAddressOf(node) }
  }
  const leads = directory.leader()?.managerId === node.ID
  return { ...(leads && { Leader: true }), Reachability: 'reachable', Addr: alive.address }
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

function readOperatingSystem(): string {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}
