/**
 * Runs the containers of tasks on this host's container engine. The port (port.ts) has two implementations
 * that pass one suite: Docker by dockerode, loaded only when it is connected to, and an engine in memory for tests.
 * What a task's container looks like is decided by pure functions (container-config.ts, template.ts).
 * It knows nothing of task states: task/ drives it.
 */
export * from './container-config.js'
export * from './docker-executor.js'
export * from './memory-executor.js'
export * from './naming.js'
export * from './port.js'
export { expandTemplate, type Lookup } from './template.js'
