/**
 * An exec's ID as the cluster shows it: the engine's, and the node that it is on. So any manager knows whom to ask,
 * also one that took over meanwhile.
 */
export function clusterExecId(engineId: string, nodeId: string): string {
  return `${engineId}.${nodeId}`
}

export interface ExecLocation {
  readonly engineId: string
  readonly nodeId: string
}

/** @returns undefined for what cannot be the ID of an exec of this cluster */
export function locateExec(id: string): ExecLocation | undefined {
  const [, engineId, nodeId] = /^([0-9a-f]{64})\.([0-9a-z]+)$/.exec(id) ?? []
  return engineId !== undefined && nodeId !== undefined ? { engineId, nodeId } : undefined
}
