import type { Node } from '@shoal/engine-api'
import { capitalised, humanBytes, labelLines, prettyDate } from '../../output/index.js'

/** A node for people, in the layout of `docker node inspect --pretty`. */
export function prettyNode(node: Node): string {
  const { Description: host, Spec: spec, Status: status, ManagerStatus: manager } = node
  const lines = [
    `ID:\t\t\t${node.ID}`,
    spec.Name ? `Name:\t\t\t${spec.Name}` : undefined,
    ...labelLines('Labels', spec.Labels),
    `Hostname:              \t${host.Hostname}`,
    `Joined at:             \t${prettyDate(node.CreatedAt)}`,
    'Status:',
    ` State:\t\t\t${capitalised(status.State)}`,
    status.Message ? ` Message:              \t${capitalised(status.Message)}` : undefined,
    ` Availability:         \t${capitalised(spec.Availability ?? '')}`,
    status.Addr ? ` Address:\t\t${status.Addr}` : undefined,
    ...(manager === undefined
      ? []
      : [
          'Manager Status:',
          ` Address:\t\t${manager.Addr}`,
          ` Raft Status:\t\t${capitalised(manager.Reachability)}`,
          ` Leader:\t\t${manager.Leader ? 'Yes' : 'No'}`,
        ]),
    'Platform:',
    ` Operating System:\t${host.Platform.OS ?? ''}`,
    ` Architecture:\t\t${host.Platform.Architecture ?? ''}`,
    'Resources:',
    ` CPUs:\t\t\t${Math.floor((host.Resources.NanoCPUs ?? 0) / 1e9)}`,
    ` Memory:\t\t${host.Resources.MemoryBytes ? humanBytes(host.Resources.MemoryBytes) : ''}`,
    ...plugins(node),
    `Engine Version:\t\t${host.Engine.EngineVersion}`,
    ...labelLines('Engine Labels', host.Engine.Labels),
    ...tls(node),
  ]
  return lines.filter((line) => line !== undefined).join('\n')
}

function plugins(node: Node): string[] {
  const names = new Map<string, string[]>()
  for (const { Type, Name } of node.Description.Engine.Plugins ?? [])
    names.set(Type, [...(names.get(Type) ?? []), Name])
  const lines = [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, list]) => ` ${type}:\t\t${list.join(', ')}`)
  return lines.length === 0 ? [] : ['Plugins:', ...lines]
}

function tls(node: Node): string[] {
  const info = node.Description.TLSInfo
  if (!info?.TrustRoot) return []
  return [
    'TLS Info:',
    ` TrustRoot:\n${info.TrustRoot}`,
    ` Issuer Subject:\t${info.CertIssuerSubject}`,
    ` Issuer Public Key:\t${info.CertIssuerPublicKey}`,
  ]
}
