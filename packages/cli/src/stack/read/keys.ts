import { isMap, type Path, type Tree } from './tree.js'

/** What a place in a Compose file may hold. */
export type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'each'; readonly shape: Shape }
  | {
      readonly kind: 'fields'
      readonly honoured: Readonly<Record<string, Shape>>
      /** The Specification has them, a cluster cannot do them. */
      readonly refused: ReadonlySet<string>
    }

const any: Shape = { kind: 'any' }
const each = (shape: Shape): Shape => ({ kind: 'each', shape })
const names = (text: string): string[] => (text === '' ? [] : text.trim().split(/\s+/))
const fields = (plain: string, nested: Readonly<Record<string, Shape>> = {}, refused = ''): Shape => ({
  kind: 'fields',
  honoured: { ...Object.fromEntries(names(plain).map((name) => [name, any])), ...nested },
  refused: new Set(names(refused)),
})

const rollout = fields('parallelism delay failure_action monitor max_failure_ratio order')

const deploy = fields('mode replicas endpoint_mode labels', {
  placement: fields('constraints max_replicas_per_node', { preferences: each(fields('spread')) }),
  resources: fields('', {
    limits: fields('cpus memory pids'),
    reservations: fields(
      'cpus memory',
      { generic_resources: each(fields('', { discrete_resource_spec: fields('kind value') })) },
      'devices',
    ),
  }),
  restart_policy: fields('condition delay max_attempts window'),
  update_config: rollout,
  rollback_config: rollout,
})

const volume = fields('type source target read_only consistency', {
  bind: fields('propagation create_host_path', {}, 'selinux recursive'),
  volume: fields('nocopy subpath labels'),
  tmpfs: fields('size mode'),
  image: fields('subpath'),
})

const fileReference = fields('source target uid gid mode')

/** `expose` says what tasks of one network reach anyway. */
const service = fields(
  `image command entrypoint environment labels hostname user working_dir tty stdin_open read_only init isolation
   stop_signal stop_grace_period extra_hosts dns dns_search dns_opt sysctls cap_add cap_drop group_add
   oom_score_adj restart profiles expose tmpfs scale cpus mem_limit mem_reservation pids_limit`,
  {
    deploy,
    env_file: each(fields('path required format')),
    ulimits: each(fields('soft hard')),
    healthcheck: fields('test interval timeout retries start_period start_interval disable'),
    logging: fields('driver options'),
    ports: each(fields('target published protocol mode name', {}, 'host_ip app_protocol')),
    volumes: each(volume),
    secrets: each(fileReference),
    configs: each(fileReference),
    depends_on: each(fields('condition required', {}, 'restart')),
    networks: each(
      fields(
        'aliases driver_opts',
        {},
        'ipv4_address ipv6_address link_local_ips mac_address priority gw_priority interface_name',
      ),
    ),
  },
  `annotations attach blkio_config build cgroup cgroup_parent container_name cpu_count cpu_percent cpu_period
   cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpuset credential_spec develop device_cgroup_rules devices
   domainname external_links gpus ipc label_file links mac_address mem_swappiness memswap_limit models network_mode
   oom_kill_disable pid platform post_start pre_stop privileged provider pull_policy pull_refresh_after runtime
   security_opt shm_size storage_opt use_api_socket userns_mode uts volumes_from volume_driver`,
)

/** Everything that a Compose file in long syntax may say. */
export const COMPOSE_SHAPE: Shape = fields(
  'name version',
  {
    services: each(service),
    networks: each(
      fields(
        'driver driver_opts external internal attachable labels name',
        {
          ipam: fields('driver', {
            config: each(fields('subnet gateway ip_range aux_addresses')),
            options: any,
          }),
        },
        'enable_ipv4 enable_ipv6',
      ),
    ),
    volumes: each(fields('driver driver_opts external labels name')),
    secrets: each(fields('file environment external name labels template_driver driver driver_opts')),
    configs: each(fields('file environment content external name labels template_driver')),
  },
  'include models',
)

export interface KeyProblems {
  /** Places that the Specification knows and a cluster cannot honour. */
  refused: string[]
  /** Places that nobody knows. */
  unknown: string[]
}

/** The places of a file whose keys cannot be honoured. Extensions (`x-…`) are nobody's business. */
export function findKeyProblems(tree: Tree, shape: Shape = COMPOSE_SHAPE, path: Path = []): KeyProblems {
  const problems: KeyProblems = { refused: [], unknown: [] }
  collect(tree, shape, path, problems)
  return problems
}

function collect(tree: Tree, shape: Shape, path: Path, problems: KeyProblems): void {
  if (shape.kind === 'any' || typeof tree !== 'object' || tree === null) return
  if (shape.kind === 'each') {
    for (const [key, value] of Object.entries(tree)) collect(value, shape.shape, [...path, key], problems)
    return
  }
  if (!isMap(tree)) return
  for (const [key, value] of Object.entries(tree)) {
    if (key.startsWith('x-')) continue
    const here = [...path, key]
    const inner = Object.hasOwn(shape.honoured, key) ? shape.honoured[key] : undefined
    if (inner !== undefined) collect(value, inner, here, problems)
    else problems[shape.refused.has(key) ? 'refused' : 'unknown'].push(here.join('.'))
  }
}
