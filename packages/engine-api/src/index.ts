/**
 * The Docker Engine API's documents: types, schemas, defaults and validation, under the API's own names.
 * What the API accepts is what the store holds and what an agent runs. It does no I/O and imports no
 * other package of Shoal.
 */
export * from './addresses/index.js'
export * from './defaults.js'
export * from './documents/index.js'
export * from './drain-period.js'
export * from './explanation.js'
export * from './invalid-document.js'
export * from './placement/index.js'
export * from './reading/index.js'
export * from './rebalance.js'
export * from './resource-basis.js'
export * from './same-value.js'
export * from './stored-spec.js'
export * from './strategy.js'
export * from './validation/index.js'
