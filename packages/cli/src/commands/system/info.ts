import type { Info } from '../../client/index.js'
import { compileTemplate, goJson, humanBytes, humanDuration } from '../../output/index.js'
import { type Command, inspectFormatFlag, valueOf } from '../lib/command.js'
import { cliVersion } from '../lib/version.js'

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Display system-wide information',
  examples: ['ctl info', `ctl info -f '{{.Swarm.Nodes}}'`],
  flags: [inspectFormatFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const info = await io.client().info()
    const format = valueOf(given, 'format')
    if (format === 'json') io.print(goJson(info))
    else if (format) io.print(compileTemplate(format)(info))
    else io.print(infoText(info, cliVersion()))
    if (!format) for (const warning of info.Warnings ?? []) io.warn(warning)
  },
}

/** What is shown of the engine's own fields when they are there. */
const FIELDS: readonly (readonly [field: string, title: string])[] = [
  ['Containers', 'Containers'],
  ['ContainersRunning', ' Running'],
  ['ContainersPaused', ' Paused'],
  ['ContainersStopped', ' Stopped'],
  ['Images', 'Images'],
  ['ServerVersion', 'Server Version'],
  ['Driver', 'Storage Driver'],
  ['LoggingDriver', 'Logging Driver'],
]
const HOST_FIELDS: readonly (readonly [field: string, title: string])[] = [
  ['KernelVersion', 'Kernel Version'],
  ['OperatingSystem', 'Operating System'],
  ['OSType', 'OSType'],
  ['Architecture', 'Architecture'],
  ['NCPU', 'CPUs'],
  ['Name', 'Name'],
  ['ID', 'ID'],
  ['DockerRootDir', 'Docker Root Dir'],
]

/** The whole text, in docker's layout. */
export function infoText(info: Info, clientVersion: string): string {
  const memory =
    typeof info['MemTotal'] === 'number' ? [` Total Memory: ${humanBytes(info['MemTotal'])}`] : []
  return [
    'Client:',
    ` Version:    ${clientVersion}`,
    '',
    'Server:',
    ...fieldLines(info, FIELDS),
    ...swarmLines(info.Swarm ?? {}),
    ...fieldLines(info, HOST_FIELDS),
    ...memory,
  ].join('\n')
}

function fieldLines(info: Info, fields: typeof FIELDS): string[] {
  return fields.flatMap(([field, title]) => {
    const value = info[field]
    const shown = typeof value === 'number' || (typeof value === 'string' && value !== '')
    return shown ? [` ${title}: ${value}`] : []
  })
}

function swarmLines(swarm: NonNullable<Info['Swarm']>): string[] {
  const state = swarm.LocalNodeState ?? 'inactive'
  const lines = [` Swarm: ${state}`]
  if (state === 'inactive' || state === 'locked') return lines
  lines.push(`  NodeID: ${swarm.NodeID ?? ''}`)
  if (swarm.Error) lines.push(`  Error: ${swarm.Error}`)
  lines.push(`  Is Manager: ${swarm.ControlAvailable ?? false}`)
  if (swarm.Cluster !== undefined && swarm.ControlAvailable) lines.push(...clusterLines(swarm))
  lines.push(`  Node Address: ${swarm.NodeAddr ?? ''}`)
  const managers = (swarm.RemoteManagers ?? []).map((manager) => manager.Addr).sort()
  if (managers.length > 0) lines.push('  Manager Addresses:', ...managers.map((address) => `   ${address}`))
  return lines
}

function clusterLines(swarm: NonNullable<Info['Swarm']>): string[] {
  const {
    ID,
    Spec: spec,
    DefaultAddrPool: pools = [],
    SubnetSize,
    DataPathPort,
    RootRotationInProgress,
  } = swarm.Cluster ?? {}
  const expiry = spec?.CAConfig?.NodeCertExpiry
  const heartbeat = spec?.Dispatcher?.HeartbeatPeriod
  return [
    `  ClusterID: ${ID ?? ''}`,
    `  Managers: ${swarm.Managers ?? 0}`,
    `  Nodes: ${swarm.Nodes ?? 0}`,
    ...(pools.length > 0
      ? [`  Default Address Pool: ${pools.join('  ')}  `, `  SubnetSize: ${SubnetSize ?? 0}`]
      : []),
    ...(DataPathPort ? [`  Data Path Port: ${DataPathPort}`] : []),
    '  Orchestration:',
    `   Task History Retention Limit: ${spec?.Orchestration?.TaskHistoryRetentionLimit ?? 0}`,
    ...(heartbeat === undefined ? [] : ['  Dispatcher:', `   Heartbeat Period: ${inWords(heartbeat)}`]),
    '  CA Configuration:',
    ...(expiry === undefined ? [] : [`   Expiry Duration: ${inWords(expiry)}`]),
    `   Force Rotate: ${spec?.CAConfig?.ForceRotate ?? 0}`,
    `  Autolock Managers: ${spec?.EncryptionConfig?.AutoLockManagers ?? false}`,
    `  Root Rotation In Progress: ${RootRotationInProgress ?? false}`,
  ]
}

/** A duration of a document, in nanoseconds. */
function inWords(nanoseconds: number): string {
  return humanDuration(nanoseconds / 1e6)
}
