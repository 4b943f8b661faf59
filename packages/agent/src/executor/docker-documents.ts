import type { ContainerInfo, ContainerInspectInfo } from 'dockerode'
import { SERVICE_ID_LABEL, TASK_ID_LABEL, TASK_NAME_LABEL } from './naming.js'
import type { ContainerHealth, ContainerPhase, ContainerState, EngineInfo, OwnContainer } from './port.js'
import { publishedPorts } from './published-ports.js'

/** An inspection in our words. */
export function toContainerState(info: ContainerInspectInfo): ContainerState {
  const phase = phaseOf(info.State.Status)
  return {
    id: info.Id,
    phase,
    pid: info.State.Pid,
    exitCode: info.State.ExitCode,
    health: healthOf(info.State.Health?.Status),
    ports: publishedPorts(info.NetworkSettings.Ports ?? {}),
  }
}

/** One line of a listing in our words. */
export function toOwnContainer(info: ContainerInfo): OwnContainer {
  return {
    id: info.Id,
    taskId: info.Labels[TASK_ID_LABEL] ?? '',
    serviceId: info.Labels[SERVICE_ID_LABEL] ?? '',
    taskName: info.Labels[TASK_NAME_LABEL] ?? '',
    phase: phaseOf(info.State),
    health: healthOf(/\((?:health: )?(starting|healthy|unhealthy)\)/u.exec(info.Status)?.[1]),
    createdAtSeconds: info.Created,
  }
}

/** A paused container still holds its place, its memory and its ports: it runs. */
function phaseOf(status: string): ContainerPhase {
  if (status === 'created') return 'created'
  return ['running', 'paused', 'restarting'].includes(status) ? 'running' : 'ended'
}

function healthOf(status: string | undefined): ContainerHealth {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none'
}

/** The fields of `GET /info` that are used here. */
export interface InfoDocument {
  Name: string
  Architecture: string
  OSType: string
  NCPU: number
  MemTotal: number
  ServerVersion: string
  Labels?: string[] | null
  Plugins?: Record<string, string[] | null>
}

export function toEngineInfo(info: InfoDocument): EngineInfo {
  return {
    hostname: info.Name,
    architecture: info.Architecture,
    os: info.OSType,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    engineVersion: info.ServerVersion,
    labels: Object.fromEntries((info.Labels ?? []).map(splitLabel)),
    plugins: Object.entries(info.Plugins ?? {}).flatMap(([Type, names]) =>
      (names ?? []).map((Name) => ({ Type, Name })),
    ),
  }
}

function splitLabel(label: string): [string, string] {
  const separator = label.indexOf('=')
  return separator === -1 ? [label, ''] : [label.slice(0, separator), label.slice(separator + 1)]
}
