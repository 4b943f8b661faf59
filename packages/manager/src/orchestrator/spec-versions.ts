import {
  matchesConstraints,
  matchesPlatform,
  parseConstraints,
  sameButPlacement,
  type Constraint,
  type Platform,
  type TaskMaterial,
  type TaskSpec,
} from '@shoal/engine-api'
import { specId, type NodeRecord, type ServiceRecord, type SpecRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

/** How a version of the spec compares with the one that the service has now. */
export type Likeness =
  | 'same'
  /** Only the placement differs: a task of it may stay where its node still fits. */
  | 'placement'
  | 'other'

/** What a placement asks of a node. */
interface Allowed {
  readonly constraints: readonly Constraint[]
  readonly platforms: readonly Platform[]
}

/** The versions of one service's spec, with what was worked out about them: for the length of one decision. */
export class SpecVersions {
  readonly #view: StateView
  readonly #service: ServiceRecord
  readonly #likeness = new Map<number, Likeness>()
  readonly #allowed = new Map<number, Allowed>()

  constructor(view: StateView, service: ServiceRecord) {
    this.#view = view
    this.#service = service
  }

  /** The version that the service has now. */
  get target(): number {
    return this.#service.Shoal.SpecVersion
  }

  exists(version: number): boolean {
    return this.#record(version) !== undefined
  }

  template(version: number): TaskSpec {
    return this.material(version).TaskTemplate ?? {}
  }

  /** What tasks of a version are made from. */
  material(version: number): TaskMaterial {
    return this.#record(version) ?? this.#service.Spec
  }

  likeness(version: number): Likeness {
    const known = this.#likeness.get(version)
    if (known) return known
    const likeness = this.#compare(version)
    this.#likeness.set(version, likeness)
    return likeness
  }

  /** Whether the constraints and platforms of a version allow the node. */
  fits(version: number, node: NodeRecord): boolean {
    const { constraints, platforms } = this.#allowedBy(version)
    return matchesConstraints(constraints, node) && matchesPlatform(platforms, node.Description.Platform)
  }

  #record(version: number): SpecRecord | undefined {
    return this.#view.get('spec', specId(this.#service.ID, version))
  }

  #compare(version: number): Likeness {
    if (version === this.target) return 'same'
    const mine = this.#record(version)
    const wanted = this.#record(this.target)
    if (!mine || !wanted) return 'other'
    return sameButPlacement(mine, wanted) ? 'placement' : 'other'
  }

  #allowedBy(version: number): Allowed {
    const known = this.#allowed.get(version)
    if (known) return known
    const { Constraints = [], Platforms = [] } = this.template(version).Placement ?? {}
    const allowed = { constraints: parseConstraints(Constraints), platforms: Platforms }
    this.#allowed.set(version, allowed)
    return allowed
  }
}
