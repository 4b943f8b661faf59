/**
 * Lets agents in one after the other: what stands between the port that agents call and the gRPC server. It knows
 * nothing of what is said on a connection; whose calls are answered is for the dispatcher and the enrolment to say.
 */
export { Gate, type Caller, type GateOptions, WAIT_MS } from './gate.js'
export { listenAtGate } from './listen.js'
