import type { ContainerSpec, ServiceSpec, TaskSpec } from '@shoal/engine-api'
import { isOlder } from '../api-version.js'

/** Drops the fields that the request's version of the API does not have yet: as for Docker, they are unknown to it. */
export function forVersion(version: string, spec: ServiceSpec): ServiceSpec {
  const template = spec.TaskTemplate
  if (!template) return spec
  const { ContainerSpec: container, ...rest } = olderTask(version, template)
  return {
    ...spec,
    TaskTemplate: { ...rest, ...(container && { ContainerSpec: olderContainer(version, container) }) },
  }
}

function olderTask(version: string, template: TaskSpec): TaskSpec {
  let older = template
  if (isOlder(version, '1.41') && older.Resources?.Limits) {
    const { Pids: _pids, ...limits } = older.Resources.Limits
    older = { ...older, Resources: { ...older.Resources, Limits: limits } }
  }
  if (isOlder(version, '1.40') && older.Placement) {
    const { MaxReplicas: _maxReplicas, ...placement } = older.Placement
    older = { ...older, Placement: placement }
  }
  return older
}

function olderContainer(version: string, container: ContainerSpec): ContainerSpec {
  const older: ContainerSpec = { ...container }
  if (isOlder(version, '1.40')) delete older.Sysctls
  if (isOlder(version, '1.41')) {
    delete older.CapabilityAdd
    delete older.CapabilityDrop
    delete older.Ulimits
  }
  if (isOlder(version, '1.44')) {
    if (older.Healthcheck) {
      const { StartInterval: _startInterval, ...health } = older.Healthcheck
      older.Healthcheck = health
    }
    if (older.Privileges) {
      const {
        Seccomp: _seccomp,
        AppArmor: _appArmor,
        NoNewPrivileges: _none,
        ...privileges
      } = older.Privileges
      older.Privileges = privileges
    }
  }
  if (isOlder(version, '1.46')) delete older.OomScoreAdj
  return older
}
