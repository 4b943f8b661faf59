import type { Config, Network, Secret, Service } from '@shoal/engine-api'

/** What there is in the cluster before a deploy. */
export interface Observed {
  /** All services, not only those of the stack: any may refer to a file. */
  readonly services: readonly Service[]
  readonly networks: readonly Network[]
  readonly secrets: readonly Secret[]
  readonly configs: readonly Config[]
}
