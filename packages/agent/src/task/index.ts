/**
 * The life of one task: decide.ts says the next step (pure, forward only), runner.ts takes it.
 * It drives the executor, and is driven by worker/.
 */
export * from './decide.js'
export * from './runner.js'
export * from './status.js'
