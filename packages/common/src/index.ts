/**
 * What every part of Shoal shares: time, randomness, errors, logs and the order of task states.
 * It does no I/O of its own and imports no other package of Shoal.
 */
export * from './clock.js'
export * from './errors.js'
export * from './log.js'
export * from './random.js'
export * from './task-state.js'
