import type { Command } from './lib/command.js'

/** A command as its parent lists it; the module behind it is loaded only when it is called. */
export interface Leaf {
  summary: string
  aliases?: readonly string[]
  /** Not shown in lists: another program of Shoal runs it. */
  hidden?: boolean
  load(): Promise<{ command: Command }>
}

export interface Group {
  summary: string
  children: Readonly<Record<string, Leaf>>
}

/** What docker's CLI has for clusters and ctl has not, and what is said of it. */
export const NOT_YET: ReadonlyMap<string, string> = new Map([
  ['swarm ca', ''],
  ['system df', ': each node has a disk usage of its own, which docker system df tells there'],
  ['system prune', ': what a node does not need any more is removed by docker system prune there'],
  ['swarm unlock', ''],
  ['swarm unlock-key', ''],
])

export const TREE: Readonly<Record<string, Group | Leaf>> = {
  service: {
    summary: 'Manage services',
    children: {
      create: { summary: 'Create a new service', load: () => import('./service/create.js') },
      explain: {
        summary: 'Tell node by node why tasks wait, or where they could go',
        load: () => import('./service/explain.js'),
      },
      inspect: {
        summary: 'Display detailed information on one or more services',
        load: () => import('./service/inspect.js'),
      },
      logs: { summary: 'Fetch the logs of a service or task', load: () => import('./service/logs.js') },
      ls: { summary: 'List services', aliases: ['list'], load: () => import('./service/list.js') },
      ps: { summary: 'List the tasks of one or more services', load: () => import('./service/ps.js') },
      rebalance: {
        summary: 'Spread the tasks of a service anew',
        load: () => import('./service/rebalance.js'),
      },
      rm: {
        summary: 'Remove one or more services',
        aliases: ['remove'],
        load: () => import('./service/rm.js'),
      },
      rollback: {
        summary: "Revert changes to a service's configuration",
        load: () => import('./service/rollback.js'),
      },
      scale: {
        summary: 'Scale one or multiple replicated services',
        load: () => import('./service/scale.js'),
      },
      update: { summary: 'Update a service', load: () => import('./service/update.js') },
    },
  },
  node: {
    summary: 'Manage nodes',
    children: {
      demote: {
        summary: 'Demote one or more nodes from manager in the swarm',
        load: () => import('./node/demote.js'),
      },
      inspect: {
        summary: 'Display detailed information on one or more nodes',
        load: () => import('./node/inspect.js'),
      },
      ls: { summary: 'List nodes in the swarm', aliases: ['list'], load: () => import('./node/list.js') },
      promote: {
        summary: 'Promote one or more nodes to manager in the swarm',
        load: () => import('./node/promote.js'),
      },
      ps: {
        summary: 'List tasks running on one or more nodes, defaults to current node',
        load: () => import('./node/ps.js'),
      },
      rm: {
        summary: 'Remove one or more nodes from the swarm',
        aliases: ['remove'],
        load: () => import('./node/rm.js'),
      },
      update: { summary: 'Update a node', load: () => import('./node/update.js') },
    },
  },
  network: {
    summary: 'Manage networks',
    children: {
      create: { summary: 'Create a network', load: () => import('./network/create.js') },
      inspect: {
        summary: 'Display detailed information on one or more networks',
        load: () => import('./network/inspect.js'),
      },
      ls: { summary: 'List networks', aliases: ['list'], load: () => import('./network/list.js') },
      prune: { summary: 'Remove all unused networks', load: () => import('./network/prune.js') },
      rm: {
        summary: 'Remove one or more networks',
        aliases: ['remove'],
        load: () => import('./network/rm.js'),
      },
    },
  },
  secret: {
    summary: 'Manage secrets',
    children: {
      create: { summary: 'Create a secret from a file or STDIN', load: () => import('./secret/create.js') },
      inspect: {
        summary: 'Display detailed information on one or more secrets',
        load: () => import('./secret/inspect.js'),
      },
      ls: { summary: 'List secrets', aliases: ['list'], load: () => import('./secret/list.js') },
      rm: {
        summary: 'Remove one or more secrets',
        aliases: ['remove'],
        load: () => import('./secret/rm.js'),
      },
    },
  },
  config: {
    summary: 'Manage configs',
    children: {
      create: { summary: 'Create a config from a file or STDIN', load: () => import('./config/create.js') },
      inspect: {
        summary: 'Display detailed information on one or more configs',
        load: () => import('./config/inspect.js'),
      },
      ls: { summary: 'List configs', aliases: ['list'], load: () => import('./config/list.js') },
      rm: {
        summary: 'Remove one or more configs',
        aliases: ['remove'],
        load: () => import('./config/rm.js'),
      },
    },
  },
  context: {
    summary: 'Manage contexts: how several clusters are reached',
    children: {
      create: { summary: 'Create a context', load: () => import('./context/create.js') },
      inspect: {
        summary: 'Display detailed information on one or more contexts',
        load: () => import('./context/inspect.js'),
      },
      ls: { summary: 'List contexts', aliases: ['list'], load: () => import('./context/list.js') },
      rm: {
        summary: 'Remove one or more contexts',
        aliases: ['remove'],
        load: () => import('./context/rm.js'),
      },
      show: {
        summary: 'Print the name of the context that is in force',
        load: () => import('./context/show.js'),
      },
      use: {
        summary: 'Set the context that is in force from now on',
        load: () => import('./context/use.js'),
      },
    },
  },
  stack: {
    summary: 'Manage stacks of services from Compose files',
    children: {
      config: {
        summary: 'Output the Compose files as they are understood, merged into one',
        load: () => import('./stack/config.js'),
      },
      deploy: {
        summary: 'Deploy a new stack or update an existing stack',
        aliases: ['up'],
        load: () => import('./stack/deploy.js'),
      },
      ls: { summary: 'List stacks', aliases: ['list'], load: () => import('./stack/list.js') },
      plan: {
        summary: 'Show what a deploy would change, and change nothing',
        load: () => import('./stack/plan.js'),
      },
      ps: { summary: 'List the tasks in the stack', load: () => import('./stack/ps.js') },
      rm: {
        summary: 'Remove one or more stacks',
        aliases: ['remove', 'down'],
        load: () => import('./stack/rm.js'),
      },
      services: { summary: 'List the services in the stack', load: () => import('./stack/services.js') },
    },
  },
  swarm: {
    summary: 'Manage the cluster and this host as a part of it',
    children: {
      init: { summary: 'Initialize a swarm', load: () => import('./swarm/init.js') },
      join: { summary: 'Join a swarm as a node', load: () => import('./swarm/join.js') },
      'join-token': { summary: 'Manage join tokens', load: () => import('./swarm/join-token.js') },
      start: { summary: 'Start the daemons of this host again', load: () => import('./swarm/start.js') },
      backup: { summary: 'Write the cluster into a file', load: () => import('./swarm/backup.js') },
      move: { summary: 'Move the cluster to etcd', load: () => import('./swarm/move.js') },
      restore: { summary: 'Bring a cluster back from a backup', load: () => import('./swarm/restore.js') },
      leave: { summary: 'Leave the swarm', load: () => import('./swarm/leave.js') },
      'take-role': {
        summary: "Make this host's daemons fit the role of its node",
        hidden: true,
        load: () => import('./swarm/take-role.js'),
      },
      update: { summary: 'Update the swarm', load: () => import('./swarm/update.js') },
    },
  },
  completion: {
    summary: 'Print the script that completes words in a shell',
    load: () => import('./completion/completion.js'),
  },
  system: {
    summary: 'Manage the cluster as a whole',
    children: {
      events: { summary: 'Get real time events from the cluster', load: () => import('./system/events.js') },
      info: { summary: 'Display system-wide information', load: () => import('./system/info.js') },
      version: { summary: 'Show the version information', load: () => import('./system/version.js') },
    },
  },
  env: {
    summary: 'Print the exports that point the docker CLI at the cluster',
    load: () => import('./system/env.js'),
  },
  events: {
    summary: 'Get real time events from the cluster',
    load: () => import('./system/events.js'),
  },
  exec: {
    summary: 'Execute a command in a running container, on whichever node it is',
    load: () => import('./container/exec.js'),
  },
  info: { summary: 'Display system-wide information', load: () => import('./system/info.js') },
  logs: {
    summary: 'Fetch the logs of one container, on whichever node it is',
    load: () => import('./container/logs.js'),
  },
  ps: {
    summary: 'List the containers of the cluster with their nodes',
    load: () => import('./container/list.js'),
  },
  version: { summary: 'Show the version information', load: () => import('./system/version.js') },
}
