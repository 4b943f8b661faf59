/**
 * Completion of command lines in a shell: what may follow what is typed (`complete.ts`), the names that only the
 * manager knows (`names.ts`), and the scripts that connect a shell with it (`scripts.ts`). A script calls
 * `ctl __complete WORD…`, the last word being the one that is typed at.
 */
export { COMPLETE } from './words.js'
export { complete } from './complete.js'
export { completionScript, SHELLS } from './scripts.js'
