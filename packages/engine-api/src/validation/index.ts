/**
 * What the documents may say: the rules, and where Docker has them the words, of Docker and its Swarm.
 * It judges what can never work. What Shoal does not do yet is the manager's API's to refuse.
 */
export * from './cluster.js'
export * from './network.js'
export { parseReference, type ImageReference } from './reference.js'
export { validateConfigSpec, validateSecretSpec } from './secret.js'
export * from './service.js'
