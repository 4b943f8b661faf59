/** The lab: several Docker hosts on one machine, for trying things out and for the end-to-end tests. */
export * from './docker.js'
export * from './etcd.js'
export * from './faults/index.js'
export * from './hosts.js'
export * from './images.js'
export * from './lab.js'
export * from './machine.js'
