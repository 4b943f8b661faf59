import type { GenericResource, NodeDescription } from '@shoal/engine-api'
import type { EngineInfo } from '../executor/port.js'

const NANO_CPUS_PER_CPU = 1_000_000_000

/** The host as the manager is told of it: from what the engine says, and from what the configuration adds. Pure. */
export function describeHost(
  info: EngineInfo,
  genericResources: readonly GenericResource[],
): NodeDescription {
  const plugins = info.plugins.map(({ Type, Name }) => ({ Type, Name }))
  return {
    Hostname: info.hostname,
    Platform: { Architecture: info.architecture, OS: info.os },
    Resources: {
      NanoCPUs: info.cpus * NANO_CPUS_PER_CPU,
      MemoryBytes: info.memoryBytes,
      ...(genericResources.length > 0 ? { GenericResources: [...genericResources] } : {}),
    },
    Engine: {
      EngineVersion: info.engineVersion,
      Labels: { ...info.labels },
      Plugins: plugins.sort((a, b) => compare(a.Type, b.Type) || compare(a.Name, b.Name)),
    },
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
