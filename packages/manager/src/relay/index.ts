/**
 * Calls of any node's Docker Engine, through its agent: the manager asks in the session, the agent calls back and
 * carries out what it allows (docs/decisions/0006). Here is the manager's end of that: a request goes in, a stream
 * comes out. Its neighbours: dispatcher/, which knows the sessions; api/, which serves containers with it.
 */
export type { EngineAnswer, EngineRequest, NodeEngines, Relay } from './port.js'
export { RelayTable, type RelayTableOptions } from './table.js'
export type { RelayCall } from './relay-stream.js'
