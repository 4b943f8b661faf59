import { ShoalError } from '@shoal/common'
import type { AssignedTask, ContainerSpec, HealthConfig } from '@shoal/engine-api'
import type { ContainerCreateOptions } from 'dockerode'
import { hostConfig } from './host-config.js'
import { containerLabels, taskName } from './naming.js'
import { endpointConfig } from './engine-networks.js'
import type { NodeFacts, Surroundings, TaskNetworking } from './port.js'
import { hostModePorts, networkMode, portKey } from './published-ports.js'
import { expandTemplate } from './template.js'
import { present } from './present.js'

/** Docker's default for services, in seconds; the engine itself would wait for as long. */
const DEFAULT_STOP_GRACE_SECONDS = 10
const NANOSECONDS_PER_SECOND = 1_000_000_000

/**
 * What the container of a task looks like. Pure: the same task on the same node gives the same container.
 * @param files its secrets and configs, as they are laid out on this host
 * @throws ShoalError invalid-argument for a template that cannot be expanded or a malformed field,
 *   unimplemented for what an agent cannot run yet
 * @param networking of a task that is on networks of the cluster
 */
export function containerConfig(
  task: AssignedTask,
  node: NodeFacts,
  { files = [], networking }: Surroundings = {},
): ContainerCreateOptions {
  const spec = runnable(task)
  const expand = (text: string, what: string): string => expandTemplate(text, what, task, node)
  const ports = hostModePorts(task)
  return present<ContainerCreateOptions>({
    name: taskName(task),
    Image: spec.Image,
    Env: spec.Env?.map((entry) => expand(entry, 'env')),
    Entrypoint: filled(spec.Command),
    Cmd: filled(spec.Args),
    Labels: containerLabels(task, node),
    User: spec.User,
    WorkingDir: spec.Dir,
    Hostname: networkMode(task) === 'host' ? undefined : expandOptional(spec.Hostname, expand),
    Tty: spec.TTY,
    OpenStdin: spec.OpenStdin,
    StopSignal: spec.StopSignal,
    StopTimeout: stopTimeoutSeconds(spec),
    Healthcheck: healthcheck(spec.Healthcheck),
    ExposedPorts: ports.length > 0 ? Object.fromEntries(ports.map((port) => [portKey(port), {}])) : undefined,
    HostConfig: hostConfig(task, spec, expand, { files, networking }),
    NetworkingConfig: networkingConfig(networking),
  })
}

/** The container spec, if it asks for nothing that cannot be given yet: nothing is silently left out. */
function runnable(task: AssignedTask): ContainerSpec {
  const spec = task.Spec.ContainerSpec
  if (!spec || (task.Spec.Runtime && task.Spec.Runtime !== 'container'))
    throw new ShoalError('unimplemented', 'only tasks with a ContainerSpec can be run')
  if (spec.Isolation && spec.Isolation !== 'default')
    throw new ShoalError(
      'invalid-argument',
      `invalid isolation ${spec.Isolation}: only default is supported on linux`,
    )
  return spec
}

function expandOptional(
  text: string | undefined,
  expand: (text: string, what: string) => string,
): string | undefined {
  return text === undefined ? undefined : expand(text, 'hostname')
}

/** The first network; an engine takes no more at the creation. */
function networkingConfig(
  networking: TaskNetworking | undefined,
): ContainerCreateOptions['NetworkingConfig'] | undefined {
  const first = networking?.attachments[0]
  return first && { EndpointsConfig: { [first.network]: endpointConfig(first) } }
}

/** An empty list would clear what the image says; Docker takes it as "not given". */
function filled(words: string[] | undefined): string[] | undefined {
  return words?.length ? words : undefined
}

/** Whole seconds, rounded up: the engine knows no fractions, and a grace period must not be cut short. */
function stopTimeoutSeconds(spec: ContainerSpec): number {
  if (spec.StopGracePeriod === undefined) return DEFAULT_STOP_GRACE_SECONDS
  return Math.ceil(spec.StopGracePeriod / NANOSECONDS_PER_SECOND)
}

function healthcheck(config: HealthConfig | undefined): ContainerCreateOptions['Healthcheck'] {
  return config && present({ ...config })
}
