import type { Config, NetworkCreate, Secret, Service, ServiceSpec, StringMap } from '@shoal/engine-api'
import type { DesiredFile } from '../convert/stack.js'

/** One field of a document that a deploy changes. */
export interface FieldChange {
  /** `TaskTemplate.ContainerSpec.Image`. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/** One thing that a deploy does. Specs hold names in the place of IDs. */
export type Step =
  | { readonly kind: 'create-network'; readonly network: NetworkCreate }
  | {
      readonly kind: 'create-file'
      readonly file: DesiredFile
      /** The name of this version. */
      readonly name: string
      readonly replaces: string | undefined
    }
  | {
      readonly kind: 'update-file'
      readonly file: DesiredFile['kind']
      readonly present: Secret | Config
      readonly labels: StringMap
      readonly fields: readonly FieldChange[]
    }
  | { readonly kind: 'create-service'; readonly spec: ServiceSpec }
  | {
      readonly kind: 'update-service'
      readonly service: Service
      readonly spec: ServiceSpec
      readonly fields: readonly FieldChange[]
    }
  | { readonly kind: 'remove-service'; readonly id: string; readonly name: string }
  | {
      readonly kind: 'remove-file'
      readonly file: DesiredFile['kind']
      readonly id: string
      readonly name: string
    }
  | { readonly kind: 'remove-network'; readonly id: string; readonly name: string }
