/**
 * The logs of a service or a task as one stream: those of every task's container, from all nodes in parallel by way
 * of relay/, each line whole and marked with where it comes from; new tasks join while it is followed.
 */
export { LogStream, type LogSubject } from './log-stream.js'
export { readLogQuery, type LogQuery } from './query.js'
