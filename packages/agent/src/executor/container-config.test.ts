import { describe, expect, test } from 'vitest'
import type { AssignedTask, ContainerSpec, TaskSpec } from '@shoal/engine-api'
import { containerConfig } from './container-config.js'
import { aTask, IMAGE, NODE } from './testing/tasks.js'

const withSpec = (spec: ContainerSpec, task: TaskSpec = {}): AssignedTask =>
  aTask({ Spec: { ...task, ContainerSpec: { Image: IMAGE, ...spec } } })

describe('the container of a task', () => {
  test('is named and labelled as Docker does, and carries labels of ours that the user cannot take', () => {
    const config = containerConfig(
      withSpec({ Labels: { tier: 'front', 'io.shoal.task.id': 'forged' } }),
      NODE,
    )
    expect(config.name).toBe('web.1.task1')
    expect(config.Labels).toEqual({
      tier: 'front',
      'com.docker.swarm.node.id': 'node1',
      'com.docker.swarm.service.id': 'service1',
      'com.docker.swarm.service.name': 'web',
      'com.docker.swarm.task': '',
      'com.docker.swarm.task.id': 'task1',
      'com.docker.swarm.task.name': 'web.1.task1',
      'io.shoal.task.id': 'task1',
      'io.shoal.node.id': 'node1',
      'io.shoal.cluster.id': 'cluster1',
    })
  })

  test('of a global service is named after its node', () => {
    const { Slot: _, ...global } = withSpec({})
    expect(containerConfig(global, NODE).name).toBe('web.node1.task1')
  })

  test('of a bare spec leaves everything else to the image and the engine', () => {
    const { Labels: _, ...config } = containerConfig(withSpec({}), NODE)
    expect(config).toEqual({
      name: 'web.1.task1',
      Image: IMAGE,
      StopTimeout: 10,
      HostConfig: { NetworkMode: 'bridge' },
    })
  })

  const CONTAINER_CASES: [string, ContainerSpec, object][] = [
    ['command and arguments', { Command: ['a'], Args: ['b'] }, { Entrypoint: ['a'], Cmd: ['b'] }],
    ['user and folder', { User: '1:2', Dir: '/d' }, { User: '1:2', WorkingDir: '/d' }],
    ['environment', { Env: ['S={{.Task.Slot}}', 'B=1'] }, { Env: ['S=1', 'B=1'] }],
    ['hostname', { Hostname: '{{.Node.Hostname}}-x' }, { Hostname: 'alpha-x' }],
    ['terminal and input', { TTY: true, OpenStdin: true }, { Tty: true, OpenStdin: true }],
    [
      'stop',
      { StopSignal: 'SIGINT', StopGracePeriod: 1_500_000_000 },
      { StopSignal: 'SIGINT', StopTimeout: 2 },
    ],
    ['no grace', { StopGracePeriod: 0 }, { StopTimeout: 0 }],
    [
      'health',
      { Healthcheck: { Test: ['CMD', 'x'], Retries: 2 } },
      { Healthcheck: { Test: ['CMD', 'x'], Retries: 2 } },
    ],
  ]
  test.each(CONTAINER_CASES)('takes over: %s', (_, spec, expected) => {
    expect(containerConfig(withSpec(spec), NODE)).toMatchObject(expected)
  })

  const HOST_CASES: [string, ContainerSpec, object][] = [
    ['groups', { Groups: ['audio'] }, { GroupAdd: ['audio'] }],
    ['init and read-only', { Init: true, ReadOnly: true }, { Init: true, ReadonlyRootfs: true }],
    [
      'hosts',
      { Hosts: ['10.0.0.1 db database', 'fe80::1 six'] },
      { ExtraHosts: ['db:10.0.0.1', 'database:10.0.0.1', 'six:fe80::1'] },
    ],
    [
      'DNS',
      { DNSConfig: { Nameservers: ['1.1.1.1'], Search: ['s'], Options: ['o'] } },
      { Dns: ['1.1.1.1'], DnsSearch: ['s'], DnsOptions: ['o'] },
    ],
    ['sysctls', { Sysctls: { 'a.b': '1' } }, { Sysctls: { 'a.b': '1' } }],
    [
      'capabilities',
      { CapabilityAdd: ['CAP_A'], CapabilityDrop: ['CAP_B'] },
      { CapAdd: ['CAP_A'], CapDrop: ['CAP_B'] },
    ],
    [
      'ulimits',
      { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
      { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
    ],
    ['OOM score', { OomScoreAdj: -5 }, { OomScoreAdj: -5 }],
    [
      'no new privileges',
      { Privileges: { NoNewPrivileges: true } },
      { SecurityOpt: ['no-new-privileges=true'] },
    ],
    [
      'AppArmor',
      { Privileges: { AppArmor: { Mode: 'disabled' } } },
      { SecurityOpt: ['apparmor=unconfined'] },
    ],
    ['seccomp', { Privileges: { Seccomp: { Mode: 'unconfined' } } }, { SecurityOpt: ['seccomp=unconfined'] }],
    [
      'a seccomp profile',
      { Privileges: { Seccomp: { Mode: 'custom', Profile: Buffer.from('{"a":1}').toString('base64') } } },
      { SecurityOpt: ['seccomp={"a":1}'] },
    ],
    [
      'SELinux',
      { Privileges: { SELinuxContext: { User: 'u', Level: 'l' } } },
      { SecurityOpt: ['label=user:u', 'label=level:l'] },
    ],
    ['no SELinux', { Privileges: { SELinuxContext: { Disable: true } } }, { SecurityOpt: ['label=disable'] }],
    [
      'mounts',
      {
        Mounts: [
          {
            Type: 'bind',
            Source: '/srv/{{.Task.Slot}}',
            Target: '/a',
            ReadOnly: true,
            BindOptions: { Propagation: 'rslave' },
          },
          {
            Type: 'volume',
            Source: '{{.Service.Name}}-data',
            Target: '/b',
            VolumeOptions: {
              NoCopy: true,
              Labels: { l: '1' },
              DriverConfig: { Name: 'local', Options: { type: 'nfs' } },
            },
          },
          { Type: 'tmpfs', Target: '/c', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1777 } },
        ],
      },
      {
        Mounts: [
          {
            Type: 'bind',
            Source: '/srv/1',
            Target: '/a',
            ReadOnly: true,
            BindOptions: { Propagation: 'rslave' },
          },
          {
            Type: 'volume',
            Source: 'web-data',
            Target: '/b',
            VolumeOptions: {
              NoCopy: true,
              Labels: { l: '1' },
              DriverConfig: { Name: 'local', Options: { type: 'nfs' } },
            },
          },
          { Type: 'tmpfs', Target: '/c', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1777 } },
        ],
      },
    ],
  ]
  test.each(HOST_CASES)('asks the host for: %s', (_, spec, expected) => {
    expect(containerConfig(withSpec(spec), NODE).HostConfig).toEqual({ NetworkMode: 'bridge', ...expected })
  })

  const TASK_CASES: [string, TaskSpec, object][] = [
    [
      'limits and reservations',
      {
        Resources: {
          Limits: { NanoCPUs: 5, MemoryBytes: 6, Pids: 7 },
          Reservations: { NanoCPUs: 1, MemoryBytes: 2 },
        },
      },
      { NanoCpus: 5, Memory: 6, PidsLimit: 7, MemoryReservation: 2 },
    ],
    [
      'swap beside memory',
      { Resources: { Limits: { MemoryBytes: 6 }, SwapBytes: 4 } },
      { Memory: 6, MemorySwap: 10 },
    ],
    ['endless swap', { Resources: { SwapBytes: -1 } }, { MemorySwap: -1 }],
    [
      'log driver',
      { LogDriver: { Name: 'json-file', Options: { 'max-size': '1m' } } },
      { LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } } },
    ],
    ['the network of the host', { Networks: [{ Target: 'host' }] }, { NetworkMode: 'host' }],
    ['no network', { Networks: [{ Target: 'none' }] }, { NetworkMode: 'none' }],
  ]
  test.each(TASK_CASES)('is given what the task asks for: %s', (_, spec, expected) => {
    expect(containerConfig(withSpec({}, spec), NODE).HostConfig).toEqual({
      NetworkMode: 'bridge',
      ...expected,
    })
  })

  test('publishes host-mode ports only, and none in the network of the host', () => {
    const Ports = [
      { Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' },
      { TargetPort: 53, PublishMode: 'host', Protocol: 'udp' },
      { Protocol: 'tcp', TargetPort: 90, PublishedPort: 9090, PublishMode: 'ingress' },
    ]
    const config = containerConfig(aTask({ Ports }), NODE)
    expect(config.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} })
    expect(config.HostConfig?.PortBindings).toEqual({
      '80/tcp': [{ HostPort: '8080' }],
      '53/udp': [{ HostPort: '' }],
    })
    const inHost = aTask({ Ports, Spec: { Networks: [{ Target: 'host' }], ContainerSpec: { Image: IMAGE } } })
    expect(containerConfig(inHost, NODE).HostConfig).toEqual({ NetworkMode: 'host' })
  })

  const REFUSALS: [string, ContainerSpec, TaskSpec, string][] = [
    ['a network of the user', {}, { Networks: [{ Target: 'backend' }] }, 'network backend:'],
    [
      'a Windows credential',
      { Privileges: { CredentialSpec: { File: 'f' } } },
      {},
      'only supported on Windows',
    ],
    [
      'a mount of another system',
      { Mounts: [{ Type: 'npipe', Target: '/x' }] },
      {},
      'invalid mount type: npipe',
    ],
    [
      'an unknown placeholder',
      { Env: ['A={{.Host}}'] },
      {},
      "expanding env failed: can't evaluate {{.Host}}",
    ],
    [
      'a placeholder without an end',
      { Hostname: 'a{{.Task' },
      {},
      'expanding hostname failed: unclosed action',
    ],
  ]
  test.each(REFUSALS)('is refused, not quietly changed, for %s', (_, spec, task, message) => {
    expect(() => containerConfig(withSpec(spec, task), NODE)).toThrow(message)
  })
})
