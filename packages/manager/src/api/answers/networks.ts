/** The networks that every engine has of its own. Their IDs are their names, in every cluster. */
const PREDEFINED: Readonly<Record<string, string>> = { bridge: 'bridge', host: 'host', none: 'null' }

/** @param reference a name or an ID @returns the network's ID; undefined when it is not one of the engines' own */
export function predefinedNetwork(reference: string): string | undefined {
  return Object.hasOwn(PREDEFINED, reference) ? reference : undefined
}

export function predefinedNetworks(): string[] {
  return Object.keys(PREDEFINED)
}

/** @param scope `swarm` as services see it, `local` as an engine lists it */
export function networkAnswer(name: string, scope: 'swarm' | 'local'): Record<string, unknown> {
  return {
    Name: name,
    Id: name,
    Created: '1970-01-01T00:00:00Z',
    Scope: scope,
    Driver: PREDEFINED[name],
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  }
}
