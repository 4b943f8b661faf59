/**
 * Contexts: how several clusters are reached, each by a name. What a user stored (`store.ts`), and which of them a
 * command line means (`choose.ts`). Its neighbour client/ connects to what was chosen.
 */
export * from './choose.js'
export * from './store.js'
