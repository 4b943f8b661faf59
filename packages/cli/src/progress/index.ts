/**
 * Follows a service until it has converged: `decide.ts` makes of one look at the cluster what there is
 * to say and whether it is over, `lines.ts` words it, `screen.ts` shows it, `wait.ts` is the loop.
 */
export * from './decide.js'
export * from './lines.js'
export * from './screen.js'
export * from './wait.js'
