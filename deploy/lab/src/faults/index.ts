/** Faults of real machines: processes, the network, the disk. Each can be undone, and says when it is in force already. */
export * from './disk.js'
export * from './in-force.js'
export * from './network.js'
export * from './processes.js'
