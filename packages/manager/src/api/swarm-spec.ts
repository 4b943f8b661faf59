import { sameValue, type SwarmSpec } from '@shoal/engine-api'
import { notImplemented } from './errors.js'

/** The spec after an update: as in Docker, what the update leaves out or gives as zero stays as it is. */
export function mergeSwarmSpec(present: SwarmSpec, given: SwarmSpec): SwarmSpec {
  return {
    Name: 'default',
    Labels: given.Labels && Object.keys(given.Labels).length > 0 ? given.Labels : (present.Labels ?? {}),
    // A limit of zero is a limit: here, absence alone means "as it is".
    Orchestration: { ...present.Orchestration, ...given.Orchestration },
    Raft: overlay(present.Raft, given.Raft),
    Dispatcher: overlay(present.Dispatcher, given.Dispatcher),
    CAConfig: overlay(present.CAConfig, given.CAConfig),
    TaskDefaults: overlay(present.TaskDefaults, given.TaskDefaults),
    EncryptionConfig: { ...present.EncryptionConfig, ...given.EncryptionConfig },
  }
}

/** @throws ShoalError `unimplemented` that names what the update would change and Shoal does not honour */
export function refuseSwarmNotYet(present: SwarmSpec, wanted: SwarmSpec): void {
  if (!sameValue(present.Raft, wanted.Raft)) throw notImplemented('Raft: Shoal keeps no Raft log')
  if (wanted.EncryptionConfig?.AutoLockManagers) throw notImplemented('EncryptionConfig.AutoLockManagers')
  if (wanted.TaskDefaults?.LogDriver?.Name) throw notImplemented('TaskDefaults.LogDriver')
  const ca = wanted.CAConfig
  if (ca?.ExternalCAs?.length) throw notImplemented('CAConfig.ExternalCAs')
  if (ca?.SigningCACert || ca?.SigningCAKey || ca?.ForceRotate) {
    throw notImplemented('CAConfig: rotation of the root certificate')
  }
}

function overlay<Part extends object>(present: Part | undefined, given: Part | undefined): Part {
  const set = Object.entries(given ?? {}).filter(([, value]) => !sameValue(value, undefined))
  return { ...present, ...Object.fromEntries(set) } as Part
}
