import { readFileSync } from 'node:fs'
import { arch, hostname, release } from 'node:os'
import type { ClusterFacts } from './api/index.js'
import type { ManagerConfig } from './config.js'
import { joinAddress } from './founding.js'
import type { Membership } from './membership.js'

const GO_ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' }

/** What the API tells about this manager and its host. */
export function readFacts(config: ManagerConfig, { nodeId }: Membership): ClusterFacts {
  const managers = [{ NodeID: nodeId, Addr: joinAddress(config) }]
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
    managers: () => managers,
  }
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
