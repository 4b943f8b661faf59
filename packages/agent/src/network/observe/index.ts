/** What the kernel has at this moment of what the plan is about, read by the programs' JSON; see ../plan. */
export * from './observe.js'
export * from './observed.js'
export * from './parse.js'
