/** Helpers for tests: a state over a store in memory. No part of the product imports it. */
export * from './test-state.js'
export * from './records.js'
export * from './networks.js'
