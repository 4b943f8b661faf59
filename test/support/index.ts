/**
 * What the tests share: real clusters on nested Docker hosts (`cluster.ts`, `lab-host.ts`), a client of the Engine
 * API that hides nothing (`api-client.ts`), programs (`program.ts`, `docker-clis.ts`), waiting (`eventually.ts`)
 * and watching a rollout (`task-sampler.ts`, `container-events.ts`).
 */
export * from './api-client.js'
export * from './cluster.js'
export * from './container-events.js'
export * from './docker-clis.js'
export * from './etcd-members.js'
export * from './eventually.js'
export * from './lab-host.js'
export * from './program.js'
export * from './task-sampler.js'
