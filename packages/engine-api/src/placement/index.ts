/**
 * Which nodes a placement allows: constraints, affinities and platforms, as the API's documents write them.
 * Validation parses to refuse bad texts; the manager's orchestrator and scheduler parse once per spec and match.
 */
export * from './affinity.js'
export * from './constraint.js'
export * from './platform.js'
