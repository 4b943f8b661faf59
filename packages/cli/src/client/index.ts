/**
 * Talks to a manager: where it is (`endpoint.ts`), one request and its answer (`transport.ts`), and a
 * method for each call that the commands need (`client.ts`, `containers.ts`). It is thin on purpose: loading dockerode
 * alone takes longer than most commands.
 */
export * from './client.js'
export * from './containers.js'
export * from './endpoint.js'
export type { Filters } from './filters.js'
export { type Frame, FrameReader, LineReader } from './frames.js'
export * from './registry-auth.js'
export * from './transport.js'
