/**
 * Stacks: from Compose files to what the cluster is to have (`read/`, then `convert/`; from an old bundle: `bundle/`), and from that and what there is
 * to the steps between them (`plan/`). It asks nobody: files and variables are passed in, and who carries the steps
 * out is `commands/stack`.
 */
export { desiredBundle } from './bundle/bundle.js'
export * from './convert/names.js'
export * from './convert/stack.js'
export * from './plan/content.js'
export * from './plan/decide.js'
export { FILE_LABEL } from './plan/files.js'
export * from './plan/observed.js'
export * from './plan/show.js'
export * from './plan/step.js'
export * from './read/project.js'
