/**
 * Which nodes a placement allows: constraints and platforms, as the API's documents write them.
 * Validation parses to refuse bad texts; the manager's orchestrator and scheduler parse once per spec and match.
 */
export * from './constraint.js'
export * from './platform.js'
