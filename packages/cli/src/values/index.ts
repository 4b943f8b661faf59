/**
 * What a user types as the value of a flag, turned into the field of a document. Every parser is a
 * pure function that throws ShoalError('invalid-argument') in the docker CLI's words; the flag's name
 * is put around it by whoever knows it (`spec/apply.ts`).
 */
export * from './csv.js'
export * from './duration.js'
export * from './instant.js'
export * from './lists.js'
export * from './mount.js'
export * from './network.js'
export * from './numbers.js'
export * from './port.js'
export * from './reference.js'
export * from './shell-words.js'
export * from './ulimit.js'
