import { describe, expect, test } from 'vitest'
import type { ContainerSpec, ServiceSpec, TaskSpec } from '../documents/index.js'
import { InvalidDocument } from '../invalid-document.js'
import { validateNodeSpec, validateServiceSpec, validateSwarmSpec } from './index.js'

function aSpec(changes: ServiceSpec = {}): ServiceSpec {
  return { Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'busybox:latest' } }, ...changes }
}
const withTask = (changes: TaskSpec): ServiceSpec =>
  aSpec({ TaskTemplate: { ContainerSpec: { Image: 'busybox' }, ...changes } })
const withContainer = (changes: ContainerSpec): ServiceSpec =>
  withTask({ ContainerSpec: { Image: 'busybox', ...changes } })

const RPC = 'rpc error: code = InvalidArgument desc = '
const NEEDS_DNS = `${RPC}name must be valid as a DNS name component`
const bind = { Type: 'bind', Source: '/a', Target: '/x' }

describe('what Docker accepts is accepted', () => {
  test.each<[string, ServiceSpec]>([
    ['the least', aSpec()],
    ['a name with hyphens and underscores', aSpec({ Name: 'a-b__c9' })],
    ['no replicas at all', aSpec({ Mode: { Replicated: { Replicas: 0 } } })],
    [
      'one port number for two protocols',
      aSpec({
        EndpointSpec: {
          Ports: [
            { TargetPort: 53, PublishedPort: 53 },
            { TargetPort: 53, PublishedPort: 53, Protocol: 'udp' },
          ],
        },
      }),
    ],
    [
      'two ports that are left to be assigned',
      aSpec({ EndpointSpec: { Ports: [{ TargetPort: 1 }, { TargetPort: 2 }] } }),
    ],
    [
      'DNS round robin with host ports',
      aSpec({ EndpointSpec: { Mode: 'dnsrr', Ports: [{ TargetPort: 1, PublishMode: 'host' }] } }),
    ],
    ['words in capitals', withContainer({ Mounts: [{ ...bind, Type: 'BIND' }] })],
    [
      'a template as the source of a mount',
      withContainer({ Mounts: [{ ...bind, Source: '{{.Service.Name}}' }] }),
    ],
    ['an anonymous volume', withContainer({ Mounts: [{ Type: 'volume', Target: '/x' }] })],
    ['a health check that is off', withContainer({ Healthcheck: { Test: ['NONE'] } })],
    ['inherited health times', withContainer({ Healthcheck: { Interval: 0, Retries: 0 } })],
    [
      'capabilities by either name',
      withContainer({ CapabilityAdd: ['net_admin', 'CAP_SYS_TIME'], CapabilityDrop: ['ALL'] }),
    ],
    ['signals by name and number', withContainer({ StopSignal: 'SIGRTMIN+3' })],
    ['no limit of open files', withContainer({ Ulimits: [{ Name: 'nofile', Soft: 5, Hard: -1 }] })],
    ['a failure ratio of one', aSpec({ UpdateConfig: { MaxFailureRatio: 1, FailureAction: 'rollback' } })],
    ['4 MiB', withTask({ Resources: { Limits: { MemoryBytes: 4 * 1024 * 1024, NanoCPUs: 1_000_000 } } })],
    [
      'generic resources',
      withTask({
        Resources: {
          Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'gpu', Value: 2 } }] },
        },
      }),
    ],
  ])('%s', (_what, spec) => {
    expect(() => validateServiceSpec(spec)).not.toThrow()
  })
})

describe('what Docker refuses is refused in its words', () => {
  test.each<[string, ServiceSpec, string]>([
    ['no name', aSpec({ Name: '' }), `${RPC}meta: name must be provided`],
    ['a name with a dot', aSpec({ Name: 'a.b' }), NEEDS_DNS],
    ['a name that begins with a hyphen', aSpec({ Name: '-a' }), NEEDS_DNS],
    ['a name of 64 characters', aSpec({ Name: 'a'.repeat(64) }), `${RPC}name must be 63 characters or fewer`],
    ['no container', aSpec({ TaskTemplate: {} }), `${RPC}TaskSpec: missing runtime`],
    ['an unknown runtime', withTask({ Runtime: 'vm' }), 'unsupported runtime'],
    ['a plugin as a container', withTask({ PluginSpec: {} }), 'mismatched Runtime and *Spec fields'],
    ['no image', withContainer({ Image: '' }), `${RPC}ContainerSpec: image reference must be provided`],
    [
      'a bad image',
      withContainer({ Image: 'a b' }),
      `${RPC}ContainerSpec: "a b" is not a valid repository/tag: invalid reference format`,
    ],
    [
      'an unknown operator',
      withTask({ Placement: { Constraints: ['node.role~worker'] } }),
      `${RPC}constraint expected one operator from ==, !=`,
    ],
    ['two modes', aSpec({ Mode: { Global: {}, Replicated: {} } }), 'must specify only one service mode'],
    [
      'an unknown mount type',
      withContainer({ Mounts: [{ ...bind, Type: 'floppy' }] }),
      'invalid MountType: "floppy"',
    ],
    [
      'two mounts at one place',
      withContainer({ Mounts: [bind, bind] }),
      `${RPC}ContainerSpec: duplicate mount point: /x`,
    ],
    [
      'a relative target',
      withContainer({ Mounts: [{ ...bind, Target: 'x' }] }),
      'invalid mount target, must be an absolute path: x',
    ],
    [
      'a relative source',
      withContainer({ Mounts: [{ ...bind, Source: 'a' }] }),
      'invalid bind mount source, must be an absolute path: a',
    ],
    [
      'a path as a volume',
      withContainer({ Mounts: [{ ...bind, Type: 'volume' }] }),
      'invalid volume mount source, must not be an absolute path: /a',
    ],
    [
      'a tmpfs from somewhere',
      withContainer({ Mounts: [{ ...bind, Type: 'tmpfs' }] }),
      'invalid tmpfs source, source must be empty',
    ],
    [
      'a strange propagation',
      withContainer({ Mounts: [{ ...bind, BindOptions: { Propagation: 'up' } }] }),
      'invalid MountBindPropagation: "up"',
    ],
    [
      'options of another type',
      withContainer({ Mounts: [{ ...bind, TmpfsOptions: {} }] }),
      'invalid mount config for type "bind": field TmpfsOptions must not be specified',
    ],
    [
      'a restart condition',
      withTask({ RestartPolicy: { Condition: 'maybe' } }),
      'invalid RestartCondition: "maybe"',
    ],
    [
      'a restart delay below zero',
      withTask({ RestartPolicy: { Delay: -1 } }),
      `${RPC}TaskSpec: restart-delay cannot be negative`,
    ],
    [
      'a restart window below zero',
      withTask({ RestartPolicy: { Window: -1 } }),
      `${RPC}TaskSpec: restart-window cannot be negative`,
    ],
    [
      'too little CPU',
      withTask({ Resources: { Limits: { NanoCPUs: 1000 } } }),
      `${RPC}invalid cpu value 0.000001: Must be at least 0.001`,
    ],
    [
      'too little memory',
      withTask({ Resources: { Reservations: { MemoryBytes: 4096 } } }),
      `${RPC}invalid memory value 4096: Must be at least 4MiB`,
    ],
    [
      'a failure action',
      aSpec({ UpdateConfig: { FailureAction: 'weep' } }),
      'unrecognized update failure action weep',
    ],
    [
      'a rollback that rolls back',
      aSpec({ RollbackConfig: { FailureAction: 'rollback' } }),
      'unrecognized rollback failure action rollback',
    ],
    ['an order', aSpec({ UpdateConfig: { Order: 'random' } }), 'unrecognized update order random'],
    [
      'a delay below zero',
      aSpec({ UpdateConfig: { Delay: -1 } }),
      `${RPC}TaskSpec: update-delay cannot be negative`,
    ],
    [
      'a monitor below zero',
      aSpec({ RollbackConfig: { Monitor: -1 } }),
      `${RPC}TaskSpec: rollback-monitor cannot be negative`,
    ],
    [
      'a ratio above one',
      aSpec({ UpdateConfig: { MaxFailureRatio: 1.1 } }),
      `${RPC}TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1`,
    ],
    ['an endpoint mode', aSpec({ EndpointSpec: { Mode: 'anycast' } }), 'invalid ResolutionMode: "anycast"'],
    [
      'a protocol',
      aSpec({ EndpointSpec: { Ports: [{ TargetPort: 1, Protocol: 'icmp' }] } }),
      'invalid protocol: icmp',
    ],
    [
      'a publish mode',
      aSpec({ EndpointSpec: { Ports: [{ TargetPort: 1, PublishMode: 'air' }] } }),
      'invalid PublishMode: "air"',
    ],
    [
      'no target port',
      aSpec({ EndpointSpec: { Ports: [{ PublishedPort: 1 }] } }),
      'invalid target port: 0: must be between 1 and 65535',
    ],
    [
      'a port beyond the last',
      aSpec({ EndpointSpec: { Ports: [{ TargetPort: 1, PublishedPort: 65536 }] } }),
      'invalid published port: 65536: must not be above 65535',
    ],
    [
      'one port published twice',
      aSpec({
        EndpointSpec: {
          Ports: [
            { TargetPort: 1, PublishedPort: 80 },
            { TargetPort: 2, PublishedPort: 80 },
          ],
        },
      }),
      `${RPC}EndpointSpec: duplicate published ports provided`,
    ],
    [
      'ingress with round robin',
      aSpec({ EndpointSpec: { Mode: 'dnsrr', Ports: [{ TargetPort: 1 }] } }),
      `${RPC}EndpointSpec: port published with ingress mode can't be used with dnsrr mode`,
    ],
    [
      'a health interval of nothing',
      withContainer({ Healthcheck: { Interval: 10 } }),
      `${RPC}ContainerSpec: Interval in HealthConfig cannot be less than 1ms`,
    ],
    [
      'retries below zero',
      withContainer({ Healthcheck: { Retries: -1 } }),
      `${RPC}ContainerSpec: Retries in HealthConfig cannot be negative`,
    ],
    [
      'a capability that is none',
      withContainer({ CapabilityAdd: ['FLY'] }),
      'invalid CapAdd: unknown capability: "FLY"',
    ],
    [
      'a ulimit that is none',
      withContainer({ Ulimits: [{ Name: 'patience' }] }),
      'invalid ulimit type: patience',
    ],
    [
      'a soft limit above the hard one',
      withContainer({ Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] }),
      'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
    ],
    [
      'isolation on Linux',
      withContainer({ Isolation: 'hyperv' }),
      `invalid isolation: "hyperv" - linux only supports 'default'`,
    ],
    ['a variable without a name', withContainer({ Env: ['=x'] }), 'invalid environment variable: =x'],
    ['a signal', withContainer({ StopSignal: 'SIGNAL' }), 'Invalid signal: SIGNAL'],
    [
      'a name server by name',
      withContainer({ DNSConfig: { Nameservers: ['dns'] } }),
      'dns is not an ip address',
    ],
    [
      'names as a generic resource',
      withTask({
        Resources: {
          Reservations: { GenericResources: [{ NamedResourceSpec: { Kind: 'gpu', Value: 'x' } }] },
        },
      }),
      'invalid generic resource: a task may only ask for an amount, not for names',
    ],
  ])('%s', (_what, spec, message) => {
    expect(() => validateServiceSpec(spec)).toThrow(new InvalidDocument(message))
  })
})

describe('nodes and the cluster', () => {
  test.each([
    [{ Role: 'boss' }, 'invalid Role: "boss"'],
    [{ Availability: 'busy' }, 'invalid Availability: "busy"'],
  ])('%j', (spec, message) => {
    expect(() => validateNodeSpec(spec)).toThrow(new InvalidDocument(message))
  })
  test.each([
    [{ Name: 'other' }, 'swarm spec must be named "default"'],
    [{ CAConfig: { NodeCertExpiry: 1 } }, `${RPC}minimum certificate expiry time is: 1h0m0s`],
    [{ Dispatcher: { HeartbeatPeriod: -1 } }, `${RPC}heartbeat time period cannot be a negative duration`],
  ])('%j', (spec, message) => {
    expect(() => validateSwarmSpec(spec)).toThrow(new InvalidDocument(message))
  })
})
