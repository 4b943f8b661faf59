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

export const DEFAULT_DOCKER_SOCKET = '/var/run/docker.sock'
export const ALREADY_IN_CLUSTER =
  'This node is already part of a swarm. Use "ctl swarm leave" to leave this swarm and join another one.'
