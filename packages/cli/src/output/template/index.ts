/**
 * The part of Go's template language that docker users type after `--format`: fields, pipelines,
 * functions, if, range and with. `parse.ts` makes a tree, `evaluate.ts` walks it over plain documents.
 */
export { compileTemplate } from './evaluate.js'
export { goJson } from './functions.js'
