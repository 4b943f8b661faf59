/**
 * From a request's text to a document: JSON as Go reads it, guided by the schemas of `documents/`.
 * What a document says is judged by `validation/`, not here.
 */
export { decode } from './decode.js'
export * from './documents.js'
export * from './json-text.js'
