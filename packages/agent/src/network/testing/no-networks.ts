import type { TaskNetworks } from '../port.js'

/** A host without networks of the cluster: no task has to wait for one. */
export const NO_NETWORKS: TaskNetworks = {
  missing: () => undefined,
  join: () => Promise.resolve(undefined),
  started: () => undefined,
  drained: () => Promise.resolve(),
}
