/**
 * The assignment set of this host: what the session receives is kept (storage/), and one runner per task (task/)
 * carries it out. What nobody asks for any more is removed; retention.ts says what may stay for its logs.
 */
export * from './retention.js'
export * from './worker.js'
