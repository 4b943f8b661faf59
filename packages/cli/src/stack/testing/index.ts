import type { Config, Network, Secret, Service, ServiceSpec } from '@shoal/engine-api'
import { type DesiredStack, desiredStack } from '../convert/stack.js'
import type { Observed } from '../plan/observed.js'
import { type Project, readProject } from '../read/project.js'

export interface Given {
  /** Texts by absolute path; `/app/compose.yaml` is read when nothing else is asked for. */
  files: Readonly<Record<string, string>>
  compose?: readonly string[]
  environment?: Readonly<Record<string, string>>
  profiles?: readonly string[]
  envFiles?: readonly string[]
}

/** Reads a project from texts. */
export function project({ files, compose, environment, profiles, envFiles }: Given): Promise<Project> {
  const read = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error(`open ${path}: no such file or directory`)
    return text
  }
  return readProject({
    stack: 'shop',
    composeFiles: compose ?? ['/app/compose.yaml'],
    envFiles: envFiles ?? [],
    profiles: profiles ?? [],
    environment: environment ?? {},
    files: { read, readBytes: (path) => Buffer.from(read(path)), exists: (path) => path in files },
  })
}

/** What one Compose file wants. */
export async function desiredOf(
  text: string,
  more: Readonly<Record<string, string>> = {},
): Promise<DesiredStack> {
  return desiredStack(await project({ files: { '/app/compose.yaml': text, ...more } }))
}

const meta = (ID: string): Pick<Service, 'ID' | 'Version' | 'CreatedAt' | 'UpdatedAt'> => ({
  ID,
  Version: { Index: 7 },
  CreatedAt: '2026-01-01T00:00:00Z',
  UpdatedAt: '2026-01-01T00:00:00Z',
})

export const NOTHING: Observed = { services: [], networks: [], secrets: [], configs: [] }

export const aService = (Spec: ServiceSpec, more: Partial<Service> = {}): Service => ({
  ...meta(`id-${Spec.Name}`),
  Spec,
  Endpoint: {},
  ...more,
})
export const aSecret = (Spec: Secret['Spec']): Secret => ({ ...meta(`id-${Spec.Name}`), Spec })
export const aConfig = (Spec: Config['Spec']): Config => ({ ...meta(`id-${Spec.Name}`), Spec })

export const aNetwork = (Name: string, more: Partial<Network> = {}): Network => ({
  Name,
  Id: `id-${Name}`,
  Created: '2026-01-01T00:00:00Z',
  Scope: 'swarm',
  Driver: 'overlay',
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.0.1.0/24', Gateway: '10.0.1.1' }] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Containers: null,
  Options: {},
  Labels: { 'com.docker.stack.namespace': 'shop' },
  ...more,
})
