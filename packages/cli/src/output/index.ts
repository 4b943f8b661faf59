/**
 * How answers look: Go templates (`template/`), tables in docker's look, and its way to write
 * durations, sizes, images and ports. It only makes text; who prints it is the command.
 */
export * from './listing.js'
export * from './names.js'
export * from './ports.js'
export * from './table.js'
export * from './template/index.js'
export * from './units.js'
