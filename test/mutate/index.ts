/**
 * Malformed and mutated requests against a manager, made out of Docker's description of the API (`../schema`) by a seed:
 * `values.ts` makes documents, `mutations.ts` spoils them, `requests.ts` makes whole requests of them, `send.ts` sends
 * one and judges its answer, `target.ts` is the manager with what its store holds, `run.ts` counts and compares.
 * `npm run mutate -- --requests 100000` is `main.ts`.
 */
export { runMutations, type MutationReport } from './run.js'
