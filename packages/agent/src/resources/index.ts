/** What this host has: its CPUs, memory, platform, engine, plugins, and the generic resources of its configuration. */
export * from './describe.js'
export * from './generic-resources.js'
