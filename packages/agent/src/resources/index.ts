/**
 * What this host has: its CPUs, memory, platform, engine, plugins, and the generic resources of its
 * configuration, and what of it is in use.
 */
export * from './describe.js'
export * from './generic-resources.js'
export * from './use.js'
