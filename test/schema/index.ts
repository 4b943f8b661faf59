/**
 * Docker's description of the Engine API (`engine-api-swarm.yaml`, see README.md), read: which operations there are
 * (`specification.ts`), whether a document is what it says (`documents.ts`) and whether an answer is (`check-answer.ts`).
 */
export { checkAnswer, type CheckedAnswer } from './check-answer.js'
export { documents } from './documents.js'
export { type Operation, type Schema, specification, type Specification } from './specification.js'
export { definitionsAsDocker } from './exceptions.js'
