/**
 * What each node says to the tasks of a service, and why: the answer of `GET /shoal/services/{id}/explanation` and
 * `GET /shoal/tasks/{id}/explanation`. Docker's API has nothing of the kind.
 */
export interface PlacementExplanation {
  readonly Service: { readonly ID: string; readonly Name: string }
  /** How many of the service's tasks are to run and have no node yet. */
  readonly Waiting: number
  /** How many are to run and have one. */
  readonly Placed: number
  /** One for each sort of tasks that was asked about; at least one. */
  readonly Cases: readonly PlacementCase[]
}

/** Tasks to which the nodes say the same. */
export interface PlacementCase {
  /** The one that speaks for them. Absent: nodes are told as they see any task of the service, or a new one. */
  readonly Task?: ExplainedTask
  /** How many others of the same sort wait. */
  readonly Others: number
  /** Docker's text, `no suitable node (…)`; empty when a node would take the task. */
  readonly Summary: string
  readonly Nodes: readonly NodeVerdict[]
}

export interface ExplainedTask {
  readonly ID: string
  /** `web.3`, or `web.<node>` for a global service. */
  readonly Name: string
  readonly State: string
  readonly DesiredState: string
  /** Since when it is in that state, RFC 3339. */
  readonly Since: string
  readonly Err?: string
  readonly NodeID?: string
}

/** What one node says. */
export interface NodeVerdict {
  readonly ID: string
  readonly Hostname: string
  readonly Accepts: boolean
  /** The task is there, or (of a global service) one of the service's is. */
  readonly IsHere?: boolean
  /** Everything that speaks against it, in the order in which nodes are asked; none when it accepts. */
  readonly Refusals: readonly NodeRefusal[]
}

/** One thing that a task asks for and a node has not. */
export interface NodeRefusal {
  /** Which rule refuses: `ready`, `resources`, `constraints` … */
  readonly Filter: string
  /** What is asked for, the same words for every node: `2 CPUs`, `node.labels.disk==ssd`. */
  readonly Asked: string
  /** What this node has instead: `0.5 of 4 free`, `disk=hdd`. */
  readonly Found: string
  /** How much of it there is here, where it is an amount: the node with the most is nearest to accepting. */
  readonly Amount?: number
}
