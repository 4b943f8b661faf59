import { toTimestamp } from '@shoal/common'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { API_VERSION, MIN_API_VERSION } from '../api-version.js'
import { clusterAnswer } from '../answers/cluster.js'
import type { ApiOptions } from '../options.js'
import type { NodeRecord } from '../../state/records.js'

export function systemRoutes(app: FastifyInstance, context: ApiOptions): void {
  app.get('/_ping', (_request, reply) => ping(reply).send('OK'))
  app.head('/_ping', (_request, reply) => ping(reply).header('content-length', '0').send(''))
  app.get('/version', () => versionAnswer(context))
  app.get('/info', () => infoAnswer(context))
}

function ping(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    'builder-version': '1',
    swarm: 'active/manager',
  })
}

function versionAnswer({ facts }: ApiOptions): unknown {
  const common = {
    ApiVersion: API_VERSION,
    Arch: facts.architecture,
    BuildTime: facts.buildTime,
    GitCommit: facts.gitCommit,
    GoVersion: `none (Node.js ${process.version})`,
    KernelVersion: facts.kernelVersion,
    MinAPIVersion: MIN_API_VERSION,
    Os: 'linux',
  }
  return {
    Platform: { Name: 'Shoal' },
    Version: facts.version,
    ...common,
    Components: [{ Name: 'Engine', Version: facts.version, Details: { ...common, Experimental: 'false' } }],
  }
}

const NONE = { ID: 'N/A', Expected: 'N/A' }

/** Docker describes one engine here; this describes the cluster: its resources and containers are the sums of its nodes'. */
function infoAnswer(context: ApiOptions): unknown {
  const { state, facts, clock } = context
  const nodes = [...state.all('node')]
  const ready = nodes.filter((node) => node.Status.State === 'ready')
  let running = 0
  for (const task of state.all('task')) if (task.Status.State === 'running') running++
  return {
    ID: facts.nodeId,
    Name: facts.hostname,
    ServerVersion: facts.version,
    OperatingSystem: facts.operatingSystem,
    OSType: 'linux',
    Architecture: facts.architecture,
    KernelVersion: facts.kernelVersion,
    NCPU: sum(ready, (node) => (node.Description.Resources.NanoCPUs ?? 0) / 1e9),
    MemTotal: sum(ready, (node) => node.Description.Resources.MemoryBytes ?? 0),
    Containers: running,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: 0,
    Images: 0,
    SystemTime: toTimestamp(clock.now()),
    ...constantInfo(),
    Plugins: pluginsOf(ready),
    Swarm: swarmInfo(context, nodes),
  }
}

/** The plugins that at least one of the nodes has. */
function pluginsOf(nodes: readonly NodeRecord[]): Record<string, string[]> {
  const ofType = (type: string): string[] => {
    const names = nodes
      .flatMap((node) => node.Description.Engine.Plugins ?? [])
      .filter((plugin) => plugin.Type === type)
      .map((plugin) => plugin.Name ?? '')
    return [...new Set(names)].sort()
  }
  return {
    Volume: ofType('Volume'),
    Network: ofType('Network'),
    Authorization: ofType('Authorization'),
    Log: ofType('Log'),
  }
}

/**
 * What a client looks for although a cluster has no one answer to it. Of abilities that are missing here, the docker
 * CLI warns.
 */
function constantInfo(): Record<string, unknown> {
  return {
    Driver: 'none',
    DriverStatus: [],
    LoggingDriver: '',
    DefaultRuntime: '',
    Runtimes: {},
    SecurityOptions: [],
    RegistryConfig: { InsecureRegistryCIDRs: [], IndexConfigs: {}, Mirrors: [] },
    Labels: [],
    ExperimentalBuild: false,
    LiveRestoreEnabled: false,
    Isolation: '',
    // The docker CLI prints these for every engine on Linux.
    InitBinary: 'N/A',
    ContainerdCommit: NONE,
    RuncCommit: NONE,
    InitCommit: NONE,
    DockerRootDir: 'N/A',
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    OomKillDisable: true,
    IndexServerAddress: 'https://index.docker.io/v1/',
    Warnings: [],
  }
}

function swarmInfo({ state, facts, ca }: ApiOptions, nodes: readonly NodeRecord[]): unknown {
  const cluster = state.cluster()
  return {
    NodeID: facts.nodeId,
    NodeAddr: facts.advertiseAddress,
    LocalNodeState: 'active',
    ControlAvailable: true,
    Error: '',
    RemoteManagers: facts.managers(),
    Nodes: nodes.length,
    Managers: nodes.filter((node) => node.Spec.Role === 'manager').length,
    ...(cluster && { Cluster: clusterAnswer(cluster, ca) }),
  }
}

function sum(nodes: readonly NodeRecord[], amount: (node: NodeRecord) => number): number {
  return Math.floor(nodes.reduce((total, node) => total + amount(node), 0))
}
