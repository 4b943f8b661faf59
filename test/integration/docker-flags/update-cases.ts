import type { FlagCase } from './flag-case.js'

/** What the service has that the updates below take from it. */
export const BEFORE_UPDATES: readonly string[] =
  `--config settings --secret password --constraint node.role==worker --container-label old=1
   --label old=1 --env OLD=1 --group audio --dns 1.1.1.1
   --dns-option ndots:2 --dns-search old.example --host db:10.0.0.9 --mount type=tmpfs,dst=/old
   --network front --placement-pref spread=node.labels.zone --publish 8082:80 --generic-resource gpu=1
   --sysctl net.core.somaxconn=128 --ulimit nofile=1024:2048`.split(/\s+/)

/** Every flag of `docker service update`, one after the other, and what the spec has after it. */
export const UPDATE_CASES: readonly FlagCase[] = [
  { args: ['--args', 'sleep 9'], container: { Args: ['sleep', '9'] } },
  { args: ['--cap-add', 'NET_ADMIN'], container: { CapabilityAdd: ['CAP_NET_ADMIN'] } },
  { args: ['--cap-drop', 'CHOWN'], container: { CapabilityDrop: ['CAP_CHOWN'] } },
  {
    args: ['--config-rm', 'settings'],
    without: 'Configs',
  },
  { args: ['--config-add', 'settings'], container: { Configs: [{ ConfigName: 'settings' }] } },
  {
    args: ['--secret-rm', 'password'],
    without: 'Secrets',
  },
  { args: ['--secret-add', 'password'], container: { Secrets: [{ SecretName: 'password' }] } },
  {
    args: ['--constraint-add', 'node.id!=x'],
    task: { Placement: { Constraints: ['node.id!=x', 'node.role==worker'] } },
  },
  { args: ['--constraint-rm', 'node.role==worker'], task: { Placement: { Constraints: ['node.id!=x'] } } },
  { args: ['--container-label-add', 'new=2'], container: { Labels: { old: '1', new: '2' } } },
  { args: ['--container-label-rm', 'old'], container: { Labels: { new: '2' } } },
  { args: ['--credential-spec', 'file://x'], refused: /CredentialSpec|credential/i },
  { args: ['--dns-add', '8.8.8.8'], container: { DNSConfig: { Nameservers: ['1.1.1.1', '8.8.8.8'] } } },
  { args: ['--dns-rm', '1.1.1.1'], container: { DNSConfig: { Nameservers: ['8.8.8.8'] } } },
  { args: ['--dns-option-add', 'rotate'], container: { DNSConfig: { Options: ['ndots:2', 'rotate'] } } },
  { args: ['--dns-option-rm', 'ndots:2'], container: { DNSConfig: { Options: ['rotate'] } } },
  {
    args: ['--dns-search-add', 'new.example'],
    container: { DNSConfig: { Search: ['new.example', 'old.example'] } },
  },
  { args: ['--dns-search-rm', 'old.example'], container: { DNSConfig: { Search: ['new.example'] } } },
  { args: ['--entrypoint', 'sh'], container: { Command: ['sh'] } },
  {
    args: ['--env-add', 'NEW=2'],
    env: ['NEW=2', 'OLD=1'],
  },
  { args: ['--env-rm', 'OLD'], container: { Env: ['NEW=2'] } },
  { args: ['--force'], task: { ForceUpdate: 1 } },
  { args: ['--generic-resource-rm', 'gpu'], task: { Resources: {} } },
  {
    args: ['--generic-resource-add', 'gpu=3'],
    task: {
      Resources: {
        Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'gpu', Value: 3 } }] },
      },
    },
  },
  { args: ['--group-add', 'video'], container: { Groups: ['audio', 'video'] } },
  { args: ['--group-rm', 'audio'], container: { Groups: ['video'] } },
  { args: ['--health-cmd', 'true'], container: { Healthcheck: { Test: ['CMD-SHELL', 'true'] } } },
  { args: ['--health-interval', '7s'], container: { Healthcheck: { Interval: 7e9 } } },
  { args: ['--health-retries', '4'], container: { Healthcheck: { Retries: 4 } } },
  { args: ['--health-start-period', '9s'], container: { Healthcheck: { StartPeriod: 9e9 } } },
  // The CLI takes it and sends nothing, as tried with version 28.2.2.
  { args: ['--health-start-interval', '2s'], spec: {} },
  { args: ['--health-timeout', '3s'], container: { Healthcheck: { Timeout: 3e9 } } },
  {
    args: ['--no-healthcheck'],
    container: { Healthcheck: { Test: ['NONE'] } },
  },
  { args: ['--host-add', 'mail:10.0.0.8'], container: { Hosts: ['10.0.0.9 db', '10.0.0.8 mail'] } },
  { args: ['--host-rm', 'db:10.0.0.9'], container: { Hosts: ['10.0.0.8 mail'] } },
  { args: ['--hostname', 'named'], container: { Hostname: 'named' } },
  { args: ['--image', 'busybox:2'], container: { Image: 'busybox:2' } },
  { args: ['--init'], container: { Init: true } },
  { args: ['--isolation', 'hyperv'], refused: /isolation/i },
  { args: ['--label-add', 'new=2'], spec: { Labels: { old: '1', new: '2' } } },
  { args: ['--label-rm', 'old'], spec: { Labels: { new: '2' } } },
  { args: ['--limit-cpu', '0.5'], task: { Resources: { Limits: { NanoCPUs: 5e8 } } } },
  { args: ['--limit-memory', '64m'], task: { Resources: { Limits: { MemoryBytes: 64 * 2 ** 20 } } } },
  { args: ['--limit-pids', '50'], task: { Resources: { Limits: { Pids: 50 } } } },
  { args: ['--log-driver', 'json-file'], task: { LogDriver: { Name: 'json-file' } } },
  {
    args: ['--log-driver', 'json-file', '--log-opt', 'max-size=1m'],
    task: { LogDriver: { Options: { 'max-size': '1m' } } },
  },
  {
    args: ['--mount-add', 'type=tmpfs,dst=/new'],
    container: { Mounts: [{ Target: '/new' }, { Target: '/old' }] },
  },
  { args: ['--mount-rm', '/old'], container: { Mounts: [{ Target: '/new' }] } },
  { args: ['--network-add', 'name=back,alias=till'], task: { Networks: [{}, {}] } },
  { args: ['--network-rm', 'front'], task: { Networks: [{ Aliases: ['till'] }] } },
  { args: ['--no-resolve-image'], spec: {} },
  {
    args: ['--placement-pref-add', 'spread=node.labels.rack'],
    task: {
      Placement: {
        Preferences: [
          { Spread: { SpreadDescriptor: 'node.labels.zone' } },
          { Spread: { SpreadDescriptor: 'node.labels.rack' } },
        ],
      },
    },
  },
  {
    args: ['--placement-pref-rm', 'spread=node.labels.zone'],
    task: { Placement: { Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.rack' } }] } },
  },
  {
    args: ['--publish-add', '8083:81'],
    spec: { EndpointSpec: { Ports: [{ PublishedPort: 8082 }, { PublishedPort: 8083 }] } },
  },
  { args: ['--publish-rm', '80'], spec: { EndpointSpec: { Ports: [{ PublishedPort: 8083 }] } } },
  { args: ['--publish-rm', '81', '--endpoint-mode', 'dnsrr'], spec: { EndpointSpec: { Mode: 'dnsrr' } } },
  { args: ['--quiet'], spec: {} },
  { args: ['--detach'], spec: {} },
  { args: ['--read-only'], container: { ReadOnly: true } },
  { args: ['--replicas', '2'], spec: { Mode: { Replicated: { Replicas: 2 } } } },
  { args: ['--replicas-max-per-node', '2'], task: { Placement: { MaxReplicas: 2 } } },
  { args: ['--reserve-cpu', '0.1'], task: { Resources: { Reservations: { NanoCPUs: 1e8 } } } },
  { args: ['--reserve-memory', '16m'], task: { Resources: { Reservations: { MemoryBytes: 16 * 2 ** 20 } } } },
  { args: ['--restart-condition', 'on-failure'], task: { RestartPolicy: { Condition: 'on-failure' } } },
  { args: ['--restart-delay', '2s'], task: { RestartPolicy: { Delay: 2e9 } } },
  { args: ['--restart-max-attempts', '3'], task: { RestartPolicy: { MaxAttempts: 3 } } },
  { args: ['--restart-window', '1m'], task: { RestartPolicy: { Window: 60e9 } } },
  { args: ['--rollback-delay', '2s'], spec: { RollbackConfig: { Delay: 2e9 } } },
  {
    args: ['--rollback-failure-action', 'continue'],
    spec: { RollbackConfig: { FailureAction: 'continue' } },
  },
  { args: ['--rollback-max-failure-ratio', '0.5'], spec: { RollbackConfig: { MaxFailureRatio: 0.5 } } },
  { args: ['--rollback-monitor', '3s'], spec: { RollbackConfig: { Monitor: 3e9 } } },
  { args: ['--rollback-order', 'start-first'], spec: { RollbackConfig: { Order: 'start-first' } } },
  { args: ['--rollback-parallelism', '3'], spec: { RollbackConfig: { Parallelism: 3 } } },
  { args: ['--stop-grace-period', '3s'], container: { StopGracePeriod: 3e9 } },
  { args: ['--stop-signal', 'SIGINT'], container: { StopSignal: 'SIGINT' } },
  {
    args: ['--sysctl-add', 'net.ipv4.ip_forward=1'],
    container: { Sysctls: { 'net.core.somaxconn': '128', 'net.ipv4.ip_forward': '1' } },
  },
  { args: ['--sysctl-rm', 'net.core.somaxconn'], container: { Sysctls: { 'net.ipv4.ip_forward': '1' } } },
  { args: ['--tty'], container: { TTY: true } },
  {
    args: ['--ulimit-add', 'nproc=512'],
    container: { Ulimits: [{ Name: 'nofile' }, { Name: 'nproc', Soft: 512, Hard: 512 }] },
  },
  { args: ['--ulimit-rm', 'nofile'], container: { Ulimits: [{ Name: 'nproc' }] } },
  { args: ['--update-delay', '2s'], spec: { UpdateConfig: { Delay: 2e9 } } },
  { args: ['--update-failure-action', 'continue'], spec: { UpdateConfig: { FailureAction: 'continue' } } },
  { args: ['--update-max-failure-ratio', '0.5'], spec: { UpdateConfig: { MaxFailureRatio: 0.5 } } },
  { args: ['--update-monitor', '3s'], spec: { UpdateConfig: { Monitor: 3e9 } } },
  { args: ['--update-order', 'start-first'], spec: { UpdateConfig: { Order: 'start-first' } } },
  { args: ['--update-parallelism', '3'], spec: { UpdateConfig: { Parallelism: 3 } } },
  { args: ['--user', '1000'], container: { User: '1000' } },
  { args: ['--with-registry-auth'], spec: {} },
  { args: ['--workdir', '/tmp'], container: { Dir: '/tmp' } },
  { args: ['--oom-score-adj', '100'], container: { OomScoreAdj: 100 } },
  { args: ['--memory-swap', '128m'], task: { Resources: { SwapBytes: 128 * 2 ** 20 } } },
  { args: ['--memory-swappiness', '10'], task: { Resources: { MemorySwappiness: 10 } } },
  { args: ['--rollback'], container: { User: '1000' } },
]
