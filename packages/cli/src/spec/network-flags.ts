import type { ContainerSpec, EndpointSpec, PortConfig } from '@shoal/engine-api'
import {
  checkAddress,
  checkSearchDomain,
  parseConfig,
  parseCredentialSpec,
  parseNetwork,
  parsePorts,
  parseSecret,
} from '../values/index.js'
import { containerOf, type ServiceDraft } from './draft.js'
import { withAdded, without } from './edits.js'
import { anyText, type Flag, flag, single } from './flag.js'

type DnsField = 'Nameservers' | 'Search' | 'Options'

const list = { value: 'list' }
const endpoint = (draft: ServiceDraft): EndpointSpec => (draft.spec.EndpointSpec ??= {})
const dns = (draft: ServiceDraft): NonNullable<ContainerSpec['DNSConfig']> =>
  (containerOf(draft).DNSConfig ??= {})

const addDns = (field: DnsField) => (draft: ServiceDraft, entries: readonly string[]) => {
  dns(draft)[field] = withAdded(dns(draft)[field], entries)
}
const removeDns = (field: DnsField) => (draft: ServiceDraft, entries: readonly string[]) => {
  dns(draft)[field] = without(dns(draft)[field], entries)
}

const portKey = (port: PortConfig): string =>
  `${port.PublishedPort ?? 0}:${port.TargetPort ?? 0}/${port.Protocol ?? 'tcp'}/${port.PublishMode ?? 'ingress'}`

function addPorts(draft: ServiceDraft, groups: readonly PortConfig[][]): void {
  const all = [...(endpoint(draft).Ports ?? []), ...groups.flat()]
  endpoint(draft).Ports = [...new Map(all.map((port) => [portKey(port), port])).values()]
}

/** Ports are taken away by target, protocol and mode: the published port does not matter. */
function removePorts(draft: ServiceDraft, groups: readonly PortConfig[][]): void {
  const targetKey = (port: PortConfig): string => portKey({ ...port, PublishedPort: 0 })
  const gone = new Set(groups.flat().map(targetKey))
  endpoint(draft).Ports = (endpoint(draft).Ports ?? []).filter((port) => !gone.has(targetKey(port)))
}

/** Flags about the network and about secrets that mean the same in create and update. */
export const NETWORK_FLAGS: readonly Flag[] = [
  single(
    'endpoint-mode',
    { value: 'string' },
    'Endpoint mode (vip or dnsrr) (default "vip")',
    anyText,
    (draft, mode) => {
      endpoint(draft).Mode = mode.toLowerCase()
    },
  ),
  single(
    'credential-spec',
    { value: 'credential-spec' },
    'Credential spec for managed service account (Windows only)',
    (text) => ({ parsed: parseCredentialSpec(text) }),
    (draft, { parsed }) => {
      const { CredentialSpec: _replaced, ...others } = containerOf(draft).Privileges ?? {}
      containerOf(draft).Privileges = parsed === undefined ? others : { ...others, CredentialSpec: parsed }
      if (parsed?.Config !== undefined) {
        draft.pending.configsToAdd.push({ ConfigName: parsed.Config, Runtime: {} })
      }
    },
  ),
]

export const NETWORK_CREATE_FLAGS: readonly Flag[] = [
  flag('dns', list, 'Set custom DNS servers', checkAddress, addDns('Nameservers')),
  flag('dns-option', list, 'Set DNS options', anyText, addDns('Options')),
  flag('dns-search', list, 'Set custom DNS search domains', checkSearchDomain, addDns('Search')),
  flag('network', { value: 'network' }, 'Network attachments', parseNetwork, (draft, networks) => {
    draft.pending.networksToAdd.push(...networks)
  }),
  flag('publish', { value: 'port', short: 'p' }, 'Publish a port as a node port', parsePorts, addPorts),
  flag(
    'secret',
    { value: 'secret' },
    'Specify secrets to expose to the service',
    parseSecret,
    (draft, secrets) => {
      draft.pending.secretsToAdd.push(...secrets)
    },
  ),
  flag(
    'config',
    { value: 'config' },
    'Specify configurations to expose to the service',
    parseConfig,
    (draft, configs) => {
      draft.pending.configsToAdd.push(...configs)
    },
  ),
]

export const NETWORK_UPDATE_FLAGS: readonly Flag[] = [
  flag('dns-add', list, 'Add or update a custom DNS server', checkAddress, addDns('Nameservers')),
  flag('dns-rm', list, 'Remove a custom DNS server', anyText, removeDns('Nameservers')),
  flag('dns-option-add', list, 'Add or update a DNS option', anyText, addDns('Options')),
  flag('dns-option-rm', list, 'Remove a DNS option', anyText, removeDns('Options')),
  flag(
    'dns-search-add',
    list,
    'Add or update a custom DNS search domain',
    checkSearchDomain,
    addDns('Search'),
  ),
  flag('dns-search-rm', list, 'Remove a DNS search domain', anyText, removeDns('Search')),
  flag('network-rm', list, 'Remove a network', anyText, (draft, names) => {
    draft.pending.networksToRemove.push(...names)
  }),
  flag('network-add', { value: 'network' }, 'Add a network', parseNetwork, (draft, networks) => {
    draft.pending.networksToAdd.push(...networks)
  }),
  flag(
    'publish-rm',
    { value: 'port' },
    'Remove a published port by its target port',
    parsePorts,
    removePorts,
  ),
  flag('publish-add', { value: 'port' }, 'Add or update a published port', parsePorts, addPorts),
  flag('secret-rm', list, 'Remove a secret', anyText, (draft, names) => {
    const kept = (containerOf(draft).Secrets ?? []).filter(
      (secret) => !names.includes(secret.SecretName ?? ''),
    )
    containerOf(draft).Secrets = kept
  }),
  flag(
    'secret-add',
    { value: 'secret' },
    'Add or update a secret on a service',
    parseSecret,
    (draft, secrets) => {
      draft.pending.secretsToAdd.push(...secrets)
    },
  ),
  flag('config-rm', list, 'Remove a configuration file', anyText, (draft, names) => {
    const kept = (containerOf(draft).Configs ?? []).filter(
      (config) => !names.includes(config.ConfigName ?? ''),
    )
    containerOf(draft).Configs = kept
  }),
  flag(
    'config-add',
    { value: 'config' },
    'Add or update a config file on a service',
    parseConfig,
    (draft, configs) => {
      draft.pending.configsToAdd.push(...configs)
    },
  ),
]
