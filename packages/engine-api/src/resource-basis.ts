import type { StringMap } from './documents/index.js'

/**
 * The label of a service, or of the cluster, that says by what it is judged how much room a node has. Docker's API has
 * no field for it.
 */
export const RESOURCES_LABEL = 'shoal.resources'

/** By what is reserved; or by what is in use as well, whoever uses it. */
export const RESOURCE_BASES = ['reserved', 'measured'] as const
export type ResourceBasis = (typeof RESOURCE_BASES)[number]

/** @returns undefined when the label is missing, or its value names no basis */
export function resourceBasis(labels: StringMap): ResourceBasis | undefined {
  const text = labels[RESOURCES_LABEL]
  return RESOURCE_BASES.find((basis) => basis === text)
}
