import { CONTAINER_CREATE_FLAGS, CONTAINER_FLAGS, CONTAINER_UPDATE_FLAGS } from './container-flags.js'
import { taskOf } from './draft.js'
import { anyText, commandFlag, type Flag, flag, single, toggle } from './flag.js'
import { HEALTH_FLAGS } from './health-flags.js'
import { NETWORK_CREATE_FLAGS, NETWORK_FLAGS, NETWORK_UPDATE_FLAGS } from './network-flags.js'
import { RESOURCE_CREATE_FLAGS, RESOURCE_FLAGS, RESOURCE_UPDATE_FLAGS } from './resource-flags.js'
import { ROLLOUT_FLAGS } from './rollout-flags.js'
import { parseUint } from '../values/index.js'

/** Flags that several fields, or earlier values, decide together: `finish.ts` reads them. */
const JOINT_FLAGS: readonly Flag[] = [
  flag('cap-add', { value: 'list' }, 'Add Linux capabilities', anyText, () => undefined),
  flag('cap-drop', { value: 'list' }, 'Drop Linux capabilities', anyText, () => undefined),
  single('log-driver', { value: 'string' }, 'Logging driver for service', anyText, () => undefined),
  flag('log-opt', { value: 'list' }, 'Logging driver options', anyText, () => undefined),
  single('replicas', { value: 'uint' }, 'Number of tasks', parseUint, () => undefined),
  single(
    'max-concurrent',
    { value: 'uint' },
    'Number of job tasks to run concurrently (default equal to --replicas)',
    parseUint,
    () => undefined,
  ),
]

const COMMAND_FLAGS: readonly Flag[] = [
  commandFlag('detach', 'Exit immediately instead of waiting for the service to converge', 'd'),
  commandFlag('quiet', 'Suppress progress output', 'q'),
  commandFlag('with-registry-auth', 'Send registry authentication details to swarm agents'),
  commandFlag(
    'no-resolve-image',
    'Do not query the registry to resolve image digest and supported platforms',
  ),
]

const SHARED_FLAGS: readonly Flag[] = [
  ...COMMAND_FLAGS,
  ...CONTAINER_FLAGS,
  ...HEALTH_FLAGS,
  ...RESOURCE_FLAGS,
  ...ROLLOUT_FLAGS,
  ...NETWORK_FLAGS,
  ...JOINT_FLAGS,
]

/** Every flag of `service create`, in the order in which they are applied. */
export const CREATE_FLAGS: readonly Flag[] = [
  ...SHARED_FLAGS,
  ...CONTAINER_CREATE_FLAGS,
  ...RESOURCE_CREATE_FLAGS,
  ...NETWORK_CREATE_FLAGS,
  single('name', { value: 'string' }, 'Service name', anyText, (draft, name) => (draft.spec.Name = name)),
  single(
    'mode',
    { value: 'string' },
    'Service mode ("replicated", "global", "replicated-job", "global-job") (default "replicated")',
    anyText,
    () => undefined,
  ),
]

/** Every flag of `service update`, in the order in which they are applied. */
export const UPDATE_FLAGS: readonly Flag[] = [
  ...SHARED_FLAGS,
  ...CONTAINER_UPDATE_FLAGS,
  ...RESOURCE_UPDATE_FLAGS,
  ...NETWORK_UPDATE_FLAGS,
  toggle('force', 'Force update even if no changes require it', (draft, on) => {
    if (on) taskOf(draft).ForceUpdate = (taskOf(draft).ForceUpdate ?? 0) + 1
  }),
  commandFlag('rollback', 'Rollback to previous specification'),
]
