/**
 * A small load generator that counts honestly: requests at a steady rate, through a list of addresses, over new
 * connections and over kept ones, from threads of their own; it stops by itself.
 *
 * Every request that was due counts once, as answered or as failed. Failed is whatever is not a whole answer with
 * status 200 within the time-out, counted from when the request was due: a connection that is refused, reset or times
 * out; an answer that is cut; another status. A kept connection that the server closes between two requests is
 * opened anew and is no failure, for nothing had been sent; one that closes when a request has been sent is a failure
 * (`unanswered`), although HTTP lets a client try again then. A request that could not be sent because too many
 * others were waiting counts as failed, too (`not-sent`): what cannot be tried is not answered.
 */
export { Load } from './load.js'
export { loadCommand } from './command.js'
export { DEFAULT_PLAN, type LoadPlan, type Mode } from './plan.js'
export { answeredOf, failedOf, merge, percentile, type Report } from './report.js'
export { reportTable } from './table.js'
