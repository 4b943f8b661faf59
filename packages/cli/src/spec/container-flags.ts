import { anyText, type Flag, flag, single, toggle } from './flag.js'
import { containerOf, type ServiceDraft } from './draft.js'
import { variableName, without, withoutKeys, withReplaced } from './edits.js'
import { readVariables } from './variables.js'
import {
  checkHostMapping,
  checkLabel,
  checkVariable,
  parseDuration,
  parseInteger,
  parseMount,
  splitShellWords,
  parseUlimit,
  toMap,
} from '../values/index.js'

const list = { value: 'list' }
const text = { value: 'string' }

/** Flags about the container that mean the same in create and update. */
export const CONTAINER_FLAGS: readonly Flag[] = [
  single(
    'entrypoint',
    { value: 'command' },
    'Overwrite the default ENTRYPOINT of the image',
    splitShellWords,
    (draft, words) => {
      containerOf(draft).Command = words
    },
  ),
  single(
    'workdir',
    { ...text, short: 'w' },
    'Working directory inside the container',
    anyText,
    (draft, folder) => {
      containerOf(draft).Dir = folder
    },
  ),
  single(
    'user',
    { ...text, short: 'u' },
    'Username or UID (format: <name|uid>[:<group|gid>])',
    anyText,
    (draft, user) => {
      containerOf(draft).User = user
    },
  ),
  single('hostname', text, 'Container hostname', anyText, (draft, name) => {
    containerOf(draft).Hostname = name
  }),
  single('isolation', text, 'Service container isolation mode', anyText, (draft, mode) => {
    containerOf(draft).Isolation = mode as NonNullable<ReturnType<typeof containerOf>['Isolation']>
  }),
  single('stop-signal', text, 'Signal to stop the container', anyText, (draft, signal) => {
    containerOf(draft).StopSignal = signal
  }),
  single(
    'stop-grace-period',
    { value: 'duration' },
    'Time to wait before force killing a container (ns|us|ms|s|m|h) (default 10s)',
    parseDuration,
    (draft, period) => {
      containerOf(draft).StopGracePeriod = period
    },
  ),
  single(
    'oom-score-adj',
    { value: 'int' },
    "Tune host's OOM preferences (-1000 to 1000)",
    parseInteger,
    (draft, score) => {
      containerOf(draft).OomScoreAdj = score
    },
  ),
  toggle(
    'init',
    'Use an init inside each service container to forward signals and reap processes',
    (draft, on) => {
      containerOf(draft).Init = on
    },
  ),
  toggle('read-only', "Mount the container's root filesystem as read only", (draft, on) => {
    containerOf(draft).ReadOnly = on
  }),
  toggle('tty', 'Allocate a pseudo-TTY', (draft, on) => (containerOf(draft).TTY = on), 't'),
]

function addVariables(draft: ServiceDraft, variables: readonly string[]): void {
  const { environment } = draft.surroundings
  const complete = variables.map((variable) => {
    const inherited = variable.includes('=') ? undefined : environment[variable]
    return inherited === undefined ? variable : `${variable}=${inherited}`
  })
  containerOf(draft).Env = withReplaced(containerOf(draft).Env, complete, variableName)
}

function addLabels(draft: ServiceDraft, labels: readonly string[]): void {
  draft.spec.Labels = { ...draft.spec.Labels, ...toMap(labels) }
}

function addContainerLabels(draft: ServiceDraft, labels: readonly string[]): void {
  containerOf(draft).Labels = { ...containerOf(draft).Labels, ...toMap(labels) }
}

function addGroups(draft: ServiceDraft, groups: readonly string[]): void {
  containerOf(draft).Groups = [...(containerOf(draft).Groups ?? []), ...groups]
}

function addHosts(draft: ServiceDraft, mappings: readonly string[]): void {
  const entries = mappings.map((mapping) => {
    const colon = mapping.indexOf(':')
    return `${mapping.slice(colon + 1)} ${mapping.slice(0, colon)}`
  })
  containerOf(draft).Hosts = [...new Set([...(containerOf(draft).Hosts ?? []), ...entries])]
}

/** Takes names out of hosts entries `IP name…`: everywhere, or only beside the address that `name:ip` gives. */
function removeHosts(draft: ServiceDraft, mappings: readonly string[]): void {
  const hosts = (containerOf(draft).Hosts ?? []).map((entry) => {
    const [address = '', ...names] = entry.split(/\s+/)
    const kept = names.filter(
      (name) => !mappings.some((gone) => gone === name || gone === `${name}:${address}`),
    )
    return kept.length === 0 ? '' : [address, ...kept].join(' ')
  })
  containerOf(draft).Hosts = hosts.filter((entry) => entry !== '')
}

function addSysctls(draft: ServiceDraft, settings: readonly string[]): void {
  containerOf(draft).Sysctls = { ...containerOf(draft).Sysctls, ...toMap(settings) }
}

function addUlimits(draft: ServiceDraft, limits: readonly ReturnType<typeof parseUlimit>[]): void {
  const all = withReplaced(containerOf(draft).Ulimits, limits, (limit) => limit.Name ?? '')
  containerOf(draft).Ulimits = all.sort((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1))
}

function addMounts(draft: ServiceDraft, mounts: readonly ReturnType<typeof parseMount>[]): void {
  containerOf(draft).Mounts = withReplaced(containerOf(draft).Mounts, mounts, (mount) => mount.Target ?? '')
}

export const CONTAINER_CREATE_FLAGS: readonly Flag[] = [
  flag('label', { ...list, short: 'l' }, 'Service labels', checkLabel, addLabels),
  flag('container-label', list, 'Container labels', checkLabel, addContainerLabels),
  flag('env-file', list, 'Read in a file of environment variables', anyText, (draft, files) => {
    for (const file of files) addVariables(draft, readVariables(file, draft.surroundings))
  }),
  flag('env', { ...list, short: 'e' }, 'Set environment variables', checkVariable, addVariables),
  flag('group', list, 'Set one or more supplementary user groups for the container', anyText, addGroups),
  flag('host', list, 'Set one or more custom host-to-IP mappings (host:ip)', checkHostMapping, addHosts),
  flag('mount', { value: 'mount' }, 'Attach a filesystem mount to the service', parseMount, addMounts),
  flag('sysctl', list, 'Sysctl options', anyText, addSysctls),
  flag('ulimit', { value: 'ulimit' }, 'Ulimit options', parseUlimit, addUlimits),
]

export const CONTAINER_UPDATE_FLAGS: readonly Flag[] = [
  single('image', text, 'Service image tag', anyText, (draft, image) => (containerOf(draft).Image = image)),
  single('args', { value: 'command' }, 'Service command args', splitShellWords, (draft, words) => {
    containerOf(draft).Args = words
  }),
  flag('label-rm', list, 'Remove a label by its key', anyText, (draft, keys) => {
    draft.spec.Labels = withoutKeys(draft.spec.Labels, keys)
  }),
  flag('label-add', list, 'Add or update a service label', checkLabel, addLabels),
  flag('container-label-rm', list, 'Remove a container label by its key', anyText, (draft, keys) => {
    containerOf(draft).Labels = withoutKeys(containerOf(draft).Labels, keys)
  }),
  flag('container-label-add', list, 'Add or update a container label', checkLabel, addContainerLabels),
  flag('env-rm', list, 'Remove an environment variable', anyText, (draft, names) => {
    const kept = (containerOf(draft).Env ?? []).filter((variable) => !names.includes(variableName(variable)))
    containerOf(draft).Env = kept
  }),
  flag('env-add', list, 'Add or update an environment variable', checkVariable, addVariables),
  flag('group-add', list, 'Add an additional supplementary user group to the container', anyText, addGroups),
  flag(
    'group-rm',
    list,
    'Remove a previously added supplementary user group from the container',
    anyText,
    (draft, groups) => {
      containerOf(draft).Groups = without(containerOf(draft).Groups, groups)
    },
  ),
  flag('host-rm', list, 'Remove a custom host-to-IP mapping ("host:ip")', anyText, removeHosts),
  flag('host-add', list, 'Add a custom host-to-IP mapping ("host:ip")', checkHostMapping, addHosts),
  flag('mount-add', { value: 'mount' }, 'Add or update a mount on a service', parseMount, addMounts),
  flag('mount-rm', list, 'Remove a mount by its target path', anyText, (draft, targets) => {
    const kept = (containerOf(draft).Mounts ?? []).filter((mount) => !targets.includes(mount.Target ?? ''))
    containerOf(draft).Mounts = kept
  }),
  flag('sysctl-rm', list, 'Remove a Sysctl option', variableName, (draft, keys) => {
    containerOf(draft).Sysctls = withoutKeys(containerOf(draft).Sysctls, keys)
  }),
  flag('sysctl-add', list, 'Add or update a Sysctl option', anyText, addSysctls),
  flag('ulimit-rm', list, 'Remove a ulimit option', variableName, (draft, names) => {
    const kept = (containerOf(draft).Ulimits ?? []).filter((limit) => !names.includes(limit.Name ?? ''))
    containerOf(draft).Ulimits = kept
  }),
  flag('ulimit-add', { value: 'ulimit' }, 'Add or update a ulimit option', parseUlimit, addUlimits),
]
