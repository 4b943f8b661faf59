import type { FlagText } from '../lib/command.js'

/** Flags of the commands that make this host part of a cluster. */
export const HOST_FLAGS: readonly FlagText[] = [
  { name: 'advertise-addr', value: 'string', help: 'Advertised address (format: "<ip|interface>[:port]")' },
  { name: 'state-dir', value: 'string', help: 'Where this host keeps its state (default /var/lib/shoal)' },
  { name: 'run-dir', value: 'string', help: 'Where sockets and process IDs are (default /run/shoal)' },
  {
    name: 'docker-socket',
    value: 'string',
    help: 'Socket of the Docker Engine (default /var/run/docker.sock)',
  },
  { name: 'hostname', value: 'string', help: "Name of this node (default: the host's)" },
  {
    name: 'generic-resource',
    value: 'list',
    help: 'User defined resource that this host offers ("gpu=UUID1" or "ssd=4")',
  },
  { name: 'log-level', value: 'string', help: 'Least level that the daemons log (default "info")' },
]

/** Flags of the commands that may make this host a manager. */
export const MANAGER_FLAGS: readonly FlagText[] = [
  {
    name: 'listen-addr',
    value: 'node-addr',
    help: 'Address for agents and managers (default 0.0.0.0:2377)',
  },
  { name: 'api-addr', value: 'node-addr', help: 'Address of the Engine API (default 0.0.0.0:3376)' },
  { name: 'metrics-addr', value: 'node-addr', help: 'Address of the metrics (default 127.0.0.1:9323)' },
]

/** Flags of the commands that lead a manager to etcd. */
export const ETCD_FLAGS: readonly FlagText[] = [
  {
    name: 'etcd-endpoint',
    value: 'list',
    help: 'Address of an etcd server ("https://10.0.0.5:2379"; several: once for each, or with commas)',
  },
  {
    name: 'etcd-cacert',
    value: 'file',
    help: "Certificate authority of etcd's certificates (default: the system's)",
  },
  { name: 'etcd-cert', value: 'file', help: 'Client certificate for etcd' },
  { name: 'etcd-key', value: 'file', help: 'Key of the client certificate for etcd' },
]

/** Where a manager that is made by this command keeps the state. */
export const STORE_FLAGS: readonly FlagText[] = [
  {
    name: 'store',
    value: 'string',
    help: 'Where the state is kept ("embedded", "etcd") (default "embedded")',
  },
  ...ETCD_FLAGS,
]

/** How long a command waits for another that is at work on this host: tasks may be ending there. */
export const LOCK_PATIENCE_MS = 180_000

export const DEFAULT_DOCKER_SOCKET = '/var/run/docker.sock'
export const ALREADY_IN_CLUSTER =
  'This node is already part of a swarm. Use "ctl swarm leave" to leave this swarm and join another one.'
