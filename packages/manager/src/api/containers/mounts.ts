import type { ContainerSpec } from '@shoal/engine-api'

/** A mount of a container's, as `docker ps` lists it. */
export interface ContainerMount {
  readonly Type: string
  readonly Name?: string
  readonly Source: string
  readonly Destination: string
  readonly Mode: string
  readonly RW: boolean
  readonly Propagation: string
}

/** Those that the service asks for. What an image adds, and what a template stands for, only the engine knows. */
export function mountsOf({ Mounts }: ContainerSpec): ContainerMount[] {
  return (Mounts ?? []).map(({ Type = 'bind', Source = '', Target = '', ReadOnly, BindOptions }) => ({
    Type,
    ...(Type === 'volume' && { Name: Source }),
    Source: Type === 'volume' ? '' : Source,
    Destination: Target,
    Mode: '',
    RW: ReadOnly !== true,
    Propagation: BindOptions?.Propagation ?? '',
  }))
}

/** The filter `volume`: a volume's name, or where something is mounted. */
export function isMounted(mounts: readonly ContainerMount[], wanted: string): boolean {
  return mounts.some(({ Name, Destination }) => Name === wanted || Destination === wanted)
}
