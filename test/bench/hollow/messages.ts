/** What the benchmark and the processes of its hollow agents say to one another. */

/** Begin these agents. They share one key; each has a certificate of its own, which its process issues. */
export interface StartAgents {
  readonly kind: 'start'
  /** `host:port` of the managers. */
  readonly managers: readonly string[]
  readonly clusterId: string
  /** PEM. */
  readonly rootCertificate: string
  readonly rootKey: string
  readonly agentKey: string
  readonly nodeIds: readonly string[]
  /** The pause between the starts of two agents, in milliseconds. */
  readonly everyMs: number
}

/** Tell how things are. */
export interface AskTally {
  readonly kind: 'ask'
}

export type ToAgents = StartAgents | AskTally

/** How things are with the agents of one process, or of all. */
export interface Tally {
  /** Agents that a manager has welcomed and has not lost. */
  readonly connected: number
  /** Tasks that run. */
  readonly running: number
  /** Sessions that were begun in all. */
  readonly sessions: number
  /** Bytes. */
  readonly memory: number
}
